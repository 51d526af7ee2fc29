/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmallocinfo.h"
#include "lib/format.h"
#include "plain.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"

/* The questions: what lies where, in lines and in bytes. */

struct listing {
	unsigned long lines, unpurged;
	char last[24];	 /* start of the last line: in order as text is in order as number */
	char wanted[24]; /* the line that begins with it is kept */
	char kept[PLATFORM_LINE_MAX];
	bool out_of_order, wrong_size;
};

static uint64_t number_of(const char *digits, unsigned int base)
{
	uint64_t value = 0;

	for (; *digits == ' '; digits++)
		;
	for (; (*digits >= '0' && *digits <= '9') || (*digits >= 'a' && *digits <= 'f'); digits++)
		value = value * base +
			(uint64_t)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
	return value;
}

/* "0xSTART-0xEND SIZE ...", with 16 digits each. */
static bool says_its_size(const char *text)
{
	return number_of(text + 37, 10) == number_of(text + 21, 16) - number_of(text + 2, 16);
}

static void take_line(void *context, const char *text)
{
	struct listing *listing = context;

	listing->lines++;
	if (text_contains(text, "unpurged")) {
		listing->unpurged++;
		listing->wrong_size |= !says_its_size(text);
		return;
	}
	listing->out_of_order |= strncmp(listing->last, text, 18) >= 0;
	scnprintf(listing->last, sizeof(listing->last), "%.18s", text);
	if (listing->wanted[0] && strncmp(text, listing->wanted, 18) == 0)
		scnprintf(listing->kept, sizeof(listing->kept), "%s", text);
}

static void list_for(struct listing *listing, const void *p)
{
	*listing = (struct listing){0};
	scnprintf(listing->wanted, sizeof(listing->wanted), "0x%016lx",
		  (unsigned long)(uintptr_t)p);
	vmallocinfo(take_line, listing);
}

PLAIN_TEST(vmallocinfo, line, "an area's line says range, size, caller, pages, kind and node")
{
	static struct listing listing;
	char *p = vmalloc(3 * PAGE_SIZE);

	require(p);
	list_for(&listing, p);
	expect(text_contains(listing.kept, " 16384 "));
	expect(text_contains(listing.kept, "pages=3"));
	expect(text_contains(listing.kept, "vmalloc"));
	expect(text_contains(listing.kept, "N0="));
	expect(!text_contains(listing.kept, "phys="));
	vfree(p);
}

PLAIN_TEST(vmallocinfo, order, "the lines come in address order, freed ranges after them")
{
	static struct listing listing;
	char *areas[20];

	for (unsigned int i = 0; i < 20; i++)
		areas[i] = vmalloc((i % 7 + 1) * PAGE_SIZE);
	for (unsigned int i = 0; i < 20; i += 2)
		vfree(areas[i]);
	list_for(&listing, areas[1]);
	expect(!listing.out_of_order);
	expect(!listing.wrong_size);
	expect(listing.kept[0]);
	expect(listing.unpurged >= 10);
	expect(listing.lines - listing.unpurged >= 10);
	for (unsigned int i = 1; i < 20; i += 2)
		vfree(areas[i]);
}

TEST(vmallocinfo, leaks, "leaks names each area that is left")
{
	static struct listing listing;
	unsigned long before = vmalloc_leaks(take_line, &listing);
	void *p = vmalloc(1);

	listing = (struct listing){0};
	scnprintf(listing.wanted, sizeof(listing.wanted), "0x%016lx", (unsigned long)(uintptr_t)p);
	expect_equal(vmalloc_leaks(take_line, &listing), before + 1);
	expect_equal(listing.lines, before + 1);
	expect(text_contains(listing.kept, "pages=1"));
	vfree(p);
	expect_equal(vmalloc_leaks(take_line, &listing), before);
}

TEST(vmallocinfo, totals, "totals count areas, pages, free space and descriptors")
{
	struct vmalloc_totals before, after;
	void *p;

	vmalloc_get_totals(&before);
	p = vmalloc(1000 * PAGE_SIZE);
	vmalloc_get_totals(&after);
	expect_equal(after.areas, before.areas + 1);
	expect_equal(after.pages, before.pages + 1000);
	expect(after.free_bytes < before.free_bytes);
	expect(after.descriptor_bytes > before.descriptor_bytes);
	expect(after.largest_free <= after.free_bytes);
	vfree(p);
}

TEST(vmallocinfo, fragmentation,
     "fragmentation is the part of free space outside of the largest block")
{
	uintptr_t middle = VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2;
	struct vmalloc_totals before, after;
	uint64_t outside;
	void *p;

	mm_quiesce();
	vmalloc_get_totals(&before);
	p = __vmalloc_node_range_place(PAGE_SIZE, PAGE_SIZE, middle, VMALLOC_END, GFP_KERNEL,
				       PAGE_KERNEL, 0, NUMA_NO_NODE, NULL, PLACE_LOWEST);
	require(p);
	vmalloc_get_totals(&after);
	outside = after.free_bytes - after.largest_free;
	expect(after.fragmentation > before.fragmentation);
	expect_below(after.fragmentation - outside / (after.free_bytes / 1000), 2);
	expect(after.fragmentation >= 400 && after.free_blocks > before.free_blocks);
	vfree(p);
}

TEST(vmallocinfo, vread, "vread gives an area's bytes, and zero for guards and holes")
{
	static char buffer[4 * 4096];
	char *p = vmalloc(2 * PAGE_SIZE);

	require(p);
	pattern_fill(p, 2 * PAGE_SIZE, 11);
	memset(buffer, 1, sizeof(buffer));
	expect_equal(vread(buffer, p - PAGE_SIZE, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	expect(all_zero(buffer, PAGE_SIZE));
	expect(pattern_holds(buffer + PAGE_SIZE, 2 * PAGE_SIZE, 11));
	expect(all_zero(buffer + 3 * PAGE_SIZE, PAGE_SIZE));
	expect_equal(vread(buffer, p + PAGE_SIZE - 8, 16), 16);
	expect_equal(memcmp(buffer, p + PAGE_SIZE - 8, 16), 0);
	vfree(p);
	memset(buffer, 1, sizeof(buffer));
	expect_equal(vread(buffer, p, PAGE_SIZE), 0);
	expect_equal(buffer[0], 1); /* no area, no byte written */
}

static bool describes(const void *address, const char *word)
{
	char text[PLATFORM_LINE_MAX];

	fault_describe((uintptr_t)address, text, sizeof(text));
	if (text_contains(text, word))
		return true;
	test_note("%s", text);
	return false;
}

TEST(vmallocinfo, check_notices, "vmap_area_check() says so when an area is not where it was")
{
	char *p = vmalloc(3 * PAGE_SIZE);
	struct vmap_area *va = find_vmap_area((uintptr_t)p);

	require(p && va);
	expect(!vmap_area_check() && !vmalloc_check());
	va->va_end += PAGE_SIZE;
	expect(vmap_area_check());
	va->va_end -= PAGE_SIZE;
	expect(!vmap_area_check());
	vfree(p);
}

PLAIN_TEST(vmallocinfo, describe, "an address is told by the area it is in, near, or was in")
{
	static int in_no_area; /* the stack is in one */
	char *p = vmalloc(3 * PAGE_SIZE);

	require(p);
	expect(describes(p, "the start of a 3-page vmalloc area"));
	expect(describes(p + 17, "17 bytes inside of a 3-page vmalloc area"));
	expect(describes(p + 3 * PAGE_SIZE + 17, "17 bytes past the end of a 3-page vmalloc area"));
	expect(describes(p - 8, "guard in front of a 3-page vmalloc area"));
	expect(describes(p - 8, "8 bytes before its start"));
	expect(describes(p, "allocated at"));
	expect(vmalloc_dump_obj(p + 5));
	expect(!vmalloc_dump_obj(&in_no_area));
	vfree(p);
	expect(describes(p + 4097, "4097 bytes into a 3-page area freed at"));
	vm_unmap_aliases();
	expect(describes(p + 4097, "4097 bytes into a 3-page area freed at"));
	/* at a third nobody has had anything: other tests have windows of their own at its half */
	expect(describes((void *)(VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 3),
			 "in no area"));
}

/* A call in front of another: by whom an area was allocated, or freed. */
static __attribute__((noinline)) char *allocate_here(void)
{
	char *p = vmalloc(PAGE_SIZE);

	expect(p);
	return p;
}

static __attribute__((noinline)) void free_here(const char *p)
{
	vfree(p);
	expect(!find_vm_area(p));
}

PLAIN_TEST(vmallocinfo, describe_callers,
	   "what is told of an area names who allocated and who freed it")
{
	char *p = allocate_here(), *q = vmalloc(PAGE_SIZE), by[64], allocated[80], freed[80];

	require(p && q);
	symbol_format((uintptr_t)find_vm_area(p)->caller, by, sizeof(by));
	expect_below((uintptr_t)find_vm_area(p)->caller - (uintptr_t)allocate_here, 256);
	scnprintf(allocated, sizeof(allocated), "allocated at %s", by);
	scnprintf(freed, sizeof(freed), "freed at %s", by);
	expect(describes(p, allocated));
	expect(!describes(q, allocated));
	free_here(p);
	expect(describes(p, allocated));
	expect(!describes(p, freed));
	vfree(q);
}

static __attribute__((noinline)) char *allocate_pages_here(size_t nr)
{
	char *p = vmalloc(nr * PAGE_SIZE);

	expect(p);
	return p;
}

PLAIN_TEST(vmallocinfo, caller_again,
	   "an area names its caller, in a range that was used before as in a new one")
{
	enum { ROUNDS = 4, AT_ONCE = 3 };
	char *areas[AT_ONCE];

	for (unsigned int i = 0; i < ROUNDS * 4; i++) {
		for (unsigned int j = 0; j < AT_ONCE; j++) {
			areas[j] = allocate_pages_here(i / ROUNDS + 1);
			require(areas[j]);
			expect_below((uintptr_t)find_vm_area(areas[j])->caller -
					     (uintptr_t)allocate_pages_here,
				     256);
		}
		for (unsigned int j = 0; j < AT_ONCE; j++)
			vfree(areas[j]);
		vm_unmap_aliases(); /* from here on the ranges may be used again */
	}
}

PLAIN_TEST(vmallocinfo, history, "the last 1,024 freed areas are remembered")
{
	char *p = vmalloc(301 * PAGE_SIZE);

	require(p);
	vfree(p);
	for (unsigned int i = 0; i < 1023; i++) {
		vfree(vmalloc(PAGE_SIZE));
		if (i % 100 == 0)
			expect(describes(p + 8192, "into a 301-page area freed at"));
	}
	expect(describes(p + 8192, "into a 301-page area freed at"));
	vfree(vmalloc(PAGE_SIZE));
	expect(!describes(p + 8192, "into a 301-page area freed at"));
}

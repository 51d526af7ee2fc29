/* SPDX-License-Identifier: BSD-2-Clause */
#include "apart.h"
#include "host_clock.h"
#include "host_log.h"
#include "lib/format.h"
#include "page_alloc.h"
#include "slab.h"
#include "slabs.h"
#include "test.h"
#include "tlb.h"
#include "tlb_local.h"
#include "vm_area.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/*
 * The lines that refuse something or say what went wrong, word for word. Addresses of code, which
 * have no names in a process, are CODE in what is compared.
 */

extern char __executable_start[], etext[];

/* Of the simulated machine's first hole (machine.c). */
enum { HOLE_PFN = 0x800 };

static char said[4096], wanted[4096];

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static uintptr_t number_at(const char *digits)
{
	uintptr_t value = 0;

	for (; is_digit(*digits); digits++)
		value = value * 16 +
			(uintptr_t)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
	return value;
}

/* Writes CODE in the place of each number that is an address of the program's. */
static void hide_code(char *text)
{
	char *to = text;

	while (*text) {
		uintptr_t value = text[0] == '0' && text[1] == 'x' ? number_at(text + 2) : 0;

		if (value >= (uintptr_t)__executable_start && value < (uintptr_t)etext) {
			for (text += 2; is_digit(*text); text++)
				;
			memcpy(to, "CODE", 4);
			to += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static bool listens;

static void end_listening(void *unused)
{
	(void)unused;
	host_log_capture(NULL, 0);
	listens = false;
}

/* To the end of the test at most, however it ends. */
static void listen(void)
{
	static struct test_end end = {.function = end_listening};

	if (!listens)
		test_at_end(&end);
	listens = true;
	host_log_capture(said, sizeof(said));
}

/* What was said since listen() is this one line. */
static void __attribute__((format(printf, 1, 2))) expect_line(const char *format, ...)
{
	va_list arguments;
	size_t length;

	host_log_capture(NULL, 0);
	va_start(arguments, format);
	length = (size_t)vscnprintf(wanted, sizeof(wanted) - 1, format, arguments);
	va_end(arguments);
	wanted[length] = '\n';
	wanted[length + 1] = '\0';
	hide_code(said);
	expect_string(said, wanted);
	listen();
}

static void quiet(void)
{
	host_log_capture(NULL, 0);
}

TEST(lines, frames, "frees of frames that are refused, references and splits that are")
{
	struct page *page = alloc_page(GFP_KERNEL),
		    *block = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	struct page *outside = pfn_to_page(frame_end);
	void *object = kmalloc(64, GFP_KERNEL), *large = kmalloc(KMALLOC_MAX_SIZE / 64, GFP_KERNEL);
	unsigned long long pfn;
	struct page_alloc_stats before, after;

	require(page && block && object && large);
	pfn = page_to_pfn(page);
	page_alloc_get_stats(&before);
	listen();
	__free_page(page);
	__free_page(page);
	expect_line("page_alloc: CODE frees frame %#llx, which is free already (freed by CODE): "
		    "refused",
		    pfn);
	__free_pages(outside, 0);
	expect_line("page_alloc: CODE frees frame 0xffffffffffffffff, which is not ours: refused");
	free_frame_run(HOLE_PFN, 1, (uintptr_t)etext - 1);
	expect_line("page_alloc: CODE frees frame 0x800, which is not ours: refused");
	free_frame_run(page_to_pfn(block), 1, (uintptr_t)etext - 1);
	expect_line("page_alloc: CODE frees frame %#llx, which is part of a compound block (CODE): "
		    "refused",
		    (unsigned long long)page_to_pfn(block));
	free_frame_run(page_to_pfn(virt_to_page(object)), 1, (uintptr_t)etext - 1);
	expect_line("page_alloc: CODE frees frame %#llx, which is part of a slab (CODE): refused",
		    (unsigned long long)page_to_pfn(virt_to_page(object)));
	free_frame_run(page_to_pfn(virt_to_page(large)), 1, (uintptr_t)etext - 1);
	expect_line(
		"page_alloc: CODE frees frame %#llx, which was had by kmalloc() (CODE): refused",
		(unsigned long long)page_to_pfn(virt_to_page(large)));
	get_page(page);
	expect_line("page_alloc: get_page() of %p, which is free or not ours: refused",
		    (void *)page);
	get_page(outside);
	expect_line("page_alloc: get_page() of %p, which is free or not ours: refused",
		    (void *)outside);
	split_page(page, 0);
	expect_line("page_alloc: split_page() of %p, which is no block of frames: refused",
		    (void *)page);
	split_page(block, 1);
	expect_line("page_alloc: split_page() of %p, which is no block of frames: refused",
		    (void *)block);
	split_page(block, MAX_PAGE_ORDER + 1);
	expect_line("page_alloc: split_page() of %p, which is no block of frames: refused",
		    (void *)block);
	quiet();
	page_alloc_get_stats(&after);
	expect_equal(after.refused, before.refused + 6);
	__free_pages(block, 1);
	kfree(object);
	kfree(large);
}

TEST(lines, objects, "frees of objects that are refused")
{
	struct kmem_cache *cache = kmem_cache_create("lines", 64, 0, 0, NULL);
	struct kmem_cache *other = kmem_cache_create("others", 64, 0, 0, NULL);
	char *object = kmem_cache_alloc(cache, GFP_KERNEL), *kept = kmalloc(64, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	struct slab_stats before, after;

	require(cache && other && object && kept && page);
	slab_get_stats(&before);
	listen();
	kmem_cache_free(other, object);
	expect_line("slab: CODE frees %p, cache lines, to another cache: refused", (void *)object);
	kmem_cache_free(cache, object + 8);
	expect_line(
		"slab: CODE frees %p, cache lines, which is inside of an object or between two: "
		"refused",
		(void *)(object + 8));
	kmem_cache_free(cache, page_address(page));
	expect_line("slab: CODE frees %p, cache lines, which is in no slab: refused",
		    page_address(page));
	kfree(page_address(page));
	expect_line("slab: CODE frees %p, whose frame is in use by CODE: refused",
		    page_address(page));
	kfree(&before);
	expect_line("slab: CODE frees %p, which is no memory of ours: refused", (void *)&before);
	expect(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	quiet();
	listen();
	expect_equal(kmem_cache_destroy(cache), -16);
	expect_line("slab: cache lines has 1 live objects and stays: %p", (void *)object);
	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	expect_line("slab: CODE frees %p, cache lines, which is free already: refused",
		    (void *)object);
	__free_page(page);
	kfree(page_address(page));
	expect_line("slab: CODE frees %p, which was freed by CODE: refused", page_address(page));
	quiet();
	slab_get_stats(&after);
	expect_equal(after.refused, before.refused + 7);
	expect_equal(kmem_cache_destroy(cache), 0);
	expect_equal(kmem_cache_destroy(other), 0);
	kfree(kept);
}

static void no_ctor(void *object)
{
	(void)object;
}

TEST(lines, caches, "caches that cannot be made, requests that one cannot meet")
{
	struct kmem_cache *cache = kmem_cache_create("ctor", 64, 0, 0, no_ctor);

	require(cache);
	listen();
	expect(!kmem_cache_create(NULL, 64, 0, 0, NULL));
	expect_line("slab: cache ? cannot be made: it has no name");
	expect(!kmem_cache_create("c", 0, 0, 0, NULL));
	expect_line("slab: cache c cannot be made: its size");
	expect(!kmem_cache_create("c", KMALLOC_MAX_CACHE_SIZE + 1, 0, 0, NULL));
	expect_line("slab: cache c cannot be made: its size");
	expect(!kmem_cache_create("c", 64, 24, 0, NULL));
	expect_line("slab: cache c cannot be made: its alignment");
	expect(!kmem_cache_create("c", 64, 2 * PAGE_SIZE, 0, NULL));
	expect_line("slab: cache c cannot be made: its alignment");
	expect(!kmem_cache_create("c", 64, 0, SLAB_FLAGS_MASK + 1, NULL));
	expect_line("slab: cache c cannot be made: an unknown flag");
	quiet();
	expect(!kmem_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN));
	expect(!kmem_cache_alloc(cache, GFP_KERNEL | 1u << 31 | __GFP_NOWARN));
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(lines, areas, "calls of the vmalloc family that are refused")
{
	char *area = vmalloc(3 * PAGE_SIZE);
	struct page *page = alloc_page(GFP_KERNEL);
	char *slot;

	require(area && page);
	slot = vm_map_ram(&page, 1, NUMA_NO_NODE);
	require(slot);
	listen();
	expect(!vmalloc(0));
	expect_line("vmalloc refused at CODE: size 0");
	expect(!__vmalloc_node(PAGE_SIZE, 3 * PAGE_SIZE, GFP_KERNEL, NUMA_NO_NODE, NULL));
	quiet();
	hide_code(said);
	expect_string(said, "vmalloc refused at 0x0: an alignment that is no power of two\n");
	listen();
	expect(!__vmalloc(PAGE_SIZE, 1u << 31));
	expect_line("vmalloc refused at CODE: an unknown gfp flag");
	expect(!vmalloc_node(PAGE_SIZE, MAX_NUMNODES));
	expect_line("vmalloc refused at CODE: a node that there is not");
	vfree(area + PAGE_SIZE);
	expect_line("vfree refused at CODE: 0x%lx is 4096 bytes inside of a 3-page vmalloc area "
		    "0x%lx-0x%lx, allocated at CODE",
		    (unsigned long)(area + PAGE_SIZE), (unsigned long)area,
		    (unsigned long)(area + 3 * PAGE_SIZE));
	vfree(area - 1);
	expect_line("vfree refused at CODE: 0x%lx is guard in front of a 3-page vmalloc area "
		    "0x%lx-0x%lx, allocated at CODE, 1 bytes before its start",
		    (unsigned long)(area - 1), (unsigned long)area,
		    (unsigned long)(area + 3 * PAGE_SIZE));
	vunmap(area);
	quiet();
	expect(said[0]);
	listen();
	vm_unmap_ram(slot + 1, 1);
	quiet();
	expect(!strncmp(said, "vm_unmap_ram refused at 0x", 26));
	listen();
	expect(vmalloc_dump_obj(area + 5));
	expect_line(
		"0x%lx is 5 bytes inside of a 3-page vmalloc area 0x%lx-0x%lx, allocated at CODE",
		(unsigned long)(area + 5), (unsigned long)area,
		(unsigned long)(area + 3 * PAGE_SIZE));
	expect(!vmalloc_dump_obj(&said));
	vm_unmap_ram(slot, 1);
	vfree(area);
	quiet();
	__free_page(page);
}

TEST(lines, freed_area, "a second vfree() tells who had the area, and who freed it")
{
	char *area;

	if (mm_slow_reasons & SLOW_UNMAP)
		test_skip("what is freed is forgotten at once");
	area = vmalloc(3 * PAGE_SIZE);
	require(area);
	vfree(area);
	listen();
	vfree(area);
	expect_line("vfree refused at CODE: 0x%lx is 0 bytes into a 3-page area freed at CODE, "
		    "allocated at CODE",
		    (unsigned long)area);
}

/* First the CPU's list has such an object in front, then a slab's. */
static void write_to_free(void)
{
	struct kmem_cache *cache = kmem_cache_create("spoilt", 64, 0, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL), *again;
	struct slab *slab = slab_of(object);
	unsigned int listed;

	kmem_cache_free(cache, object);
	listed = cache->cpu[this_cpu()].nr;
	object_link(cache, object)[1] ^= 1;
	listen();
	again = kmem_cache_alloc(cache, GFP_KERNEL);
	expect_line(
		"slab: object %p of cache spoilt was written while it was free; it and %u others "
		"are lost",
		object, listed - 1);
	expect(again && again != object);
	expect_equal(kmem_cache_destroy(cache), -16);
	quiet();
	cache = kmem_cache_create("spoilt", 64, 0, 0, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	slab = slab_of(object);
	kmem_cache_free(cache, object);
	slabs_drain_cpus(cache);
	object = slab->free;
	object_link(cache, object)[1] ^= 1;
	listen();
	again = kmem_cache_alloc(cache, GFP_KERNEL);
	expect_line("slab: object %p of cache spoilt was written while it was free; %u objects are "
		    "lost",
		    object, slab->nr_objects);
	quiet();
	expect(again && slab_of(again) != slab);
	expect(!slab_check());
}

TEST(lines, spoilt, "objects written to while free are told of, and not handed out")
{
	int status;

	expect_string(apart(write_to_free, &status), "");
	expect_equal(status, 0);
}

/* Two seconds later the clock stands still. */
static void next_second(void)
{
	uint64_t until = platform_ticks() + 2 * platform_ticks_per_second();

	host_clock_rate(100);
	while (platform_ticks() < until)
		;
	host_clock_rate(0);
}

/* More lines than a second may have; the next second's first one says how many were left out. */
static void warn_often(void)
{
	next_second();
	warn_alloc(GFP_KERNEL, 0, "tells what the tests before have left out");
	next_second();
	for (unsigned int i = 0; i < 13; i++)
		warn_alloc(GFP_KERNEL, 0, "line %u", i);
	next_second();
	warn_alloc(GFP_KERNEL | __GFP_NOWARN, 0, "none");
	warn_alloc(GFP_KERNEL, 0, "line %u", 13);
}

/* How often `word` stands in `text`. */
static unsigned int count_of(const char *text, const char *word)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += !strncmp(text, word, strlen(word));
	return nr;
}

TEST(lines, ten_a_second, "lines about failed allocations: ten a second, and how many are missing")
{
	int status;
	const char *text = apart(warn_often, &status);

	expect_equal(count_of(text, "# line "), 11);
	expect_equal(count_of(text, "# line 9 (gfp"), 1);
	expect_equal(count_of(text, "# line 13 (gfp"), 1);
	expect(count_of(text, "lines left out: 0\n") >= 10);
	expect_equal(count_of(text, "lines left out: 3\n"), 1);
	expect_equal(status, 0);
}

TEST(lines, tlb, "the lines about flushes have the counts, by method")
{
	struct tlb_stats stats;
	size_t used;

	tlb_get_stats(&stats);
	listen();
	tlb_log_stats();
	quiet();
	used = (size_t)scnprintf(wanted, sizeof(wanted),
				 "TLB flushes asked for: %lu of ranges, %lu of everything; %lu "
				 "waited for other CPUs\n",
				 stats.ranges, stats.alls, stats.shootdowns);
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		used += (size_t)scnprintf(wanted + used, sizeof(wanted) - used,
					  "TLB flushes by %s: %lu, of %lu ticks as measured at the "
					  "start\n",
					  tlb_method_names[i], stats.flushes[i],
					  tlb_method_ticks(i));
	used += (size_t)scnprintf(wanted + used, sizeof(wanted) - used,
				  "TLB flushes by INVLPG up to %u pages\n", tlb_range_limit());
	for (unsigned int cpu = 0; platform_nr_cpus() > 1 && cpu < platform_nr_cpus(); cpu++) {
		tlb_get_cpu_stats(cpu, &stats);
		used += (size_t)scnprintf(
			wanted + used, sizeof(wanted) - used,
			"TLB flushes of CPU %u: asked for %lu, answered %lu; %lu pages, %lu times "
			"everything; waited for others %lu times\n",
			cpu, stats.ranges + stats.alls, stats.answered, stats.flushes[TLB_INVLPG],
			stats.flushes[TLB_CR3] + stats.flushes[TLB_PGE] +
				stats.flushes[TLB_INVPCID],
			stats.shootdowns);
	}
	expect_string(said, wanted);
}

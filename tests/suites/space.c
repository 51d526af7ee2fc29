/* SPDX-License-Identifier: BSD-2-Clause */
#include "space.h"
#include "fault.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "map.h"
#include "page_alloc.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "walk.h"

TEST(space, check, "every structure of the page tables holds")
{
	const char *problem = space_check();

	if (problem)
		test_note("%s", problem);
	expect(!problem);
}

TEST(space, shared_half, "what is mapped through one space is mapped in all of them")
{
	struct space *space = scratch_open();
	struct leaf here, there;
	uintptr_t places[] = {layout.page_offset, layout.vmemmap_start};
	unsigned int compared = 0;

	require(space);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (uintptr_t at = places[i]; at < places[i] + PUD_SIZE; at += PMD_SIZE) {
			if (!walk_lookup(&kernel_space, at, &here))
				continue;
			expect(walk_lookup(space, at, &there));
			expect_equal(here.phys, there.phys);
			compared++;
		}
	expect(compared > 0);
	scratch_close();
}

TEST(space, shared_later, "a page that is mapped after a space was made is seen in it at once")
{
	/* the last page of the region: its guard, and so never anybody's */
	uintptr_t address = layout.vmalloc_end - PAGE_SIZE;
	struct space *space = scratch_open();
	uint64_t tables = space_nr_tables();
	struct leaf leaf;

	require(space);
	if (walk_lookup(&kernel_space, address, &leaf)) {
		scratch_close();
		test_skip("the last page of the vmalloc region is in use");
	}
	expect_equal(map_range(space, address, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RO, LEVEL_PTE), 0);
	expect(walk_lookup(&kernel_space, address, &leaf));
	expect_equal(leaf.phys, SCRATCH_PHYS);
	expect_equal(scratch_tables(), 1);
	expect_equal(unmap_range(&kernel_space, address, PAGE_SIZE), 1);
	expect(!walk_lookup(space, address, &leaf));
	reclaim_tables(space, address, address + PAGE_SIZE);
	expect_equal(space_nr_tables(), tables);
	scratch_close();
}

TEST(space, own_half, "what is mapped in the lower half of one space is in no other")
{
	struct space *space = scratch_open();
	uintptr_t address = scratch_base();
	struct leaf leaf;

	require(space);
	expect_equal(map_range(space, address, SCRATCH_PHYS, PAGE_SIZE,
			       __pgprot(PAGE_KERNEL_RO.pgprot | _PAGE_USER), LEVEL_PTE),
		     0);
	expect(walk_lookup(space, address, &leaf));
	expect(!walk_lookup(&kernel_space, address, &leaf));
	expect(!space_check());
	scratch_close();
}

TEST(space, destroy_refused, "a space that maps something of its own is not destroyed")
{
	struct space *space = scratch_open();

	require(space);
	expect_equal(
		map_range(space, scratch_base(), SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	expect_equal(space_destroy(space), -EBUSY);
	expect_equal(space_destroy(&kernel_space), -EBUSY);
	scratch_close();
}

TEST(space, destroy_older, "spaces may be destroyed in any order; those that remain are counted")
{
	uint64_t tables = space_nr_tables();
	struct space older, newer;

	require_equal(space_create(&older), 0);
	require_equal(space_create(&newer), 0);
	expect_equal(space_nr_tables(), tables + 2);
	expect_equal(space_destroy(&older), 0);
	expect_equal(space_nr_tables(), tables + 1);
	expect_equal(space_destroy(&newer), 0);
	expect_equal(space_nr_tables(), tables);
}

TEST(space, no_user_half, "where every entry of the lower half is shared, none is left for users")
{
	struct space *space = scratch_open();
	entry_t *root, *copy;
	struct page *page = alloc_page(GFP_KERNEL);

	require(space && page);
	root = phys_to_virt(space->root);
	copy = page_address(page);
	memcpy(copy, root, PAGE_SIZE);
	for (unsigned int i = 0; i <= ENTRIES_PER_TABLE / 2; i++)
		root[i] |= ENTRY_SHARED;
	expect_equal(space_user_start(space), space_user_end(space));
	memcpy(root, copy, PAGE_SIZE);
	expect_below(space_user_start(space), space_user_end(space));
	__free_page(page);
	scratch_close();
}

TEST(space, destroy_shared, "destroying a space leaves the empty tables of shared entries alone")
{
	static struct space space;
	struct vm_struct *area = get_vm_area(3 * PMD_SIZE, VM_MAP);
	struct page *page = alloc_page(GFP_KERNEL);
	const entry_t *table;
	uintptr_t middle;

	require(area && page);
	middle = ((uintptr_t)area->addr + PMD_SIZE) & ~(PMD_SIZE - 1);
	expect_equal(vmap_pages_range(middle, middle + PAGE_SIZE, PAGE_KERNEL, &page, PAGE_SHIFT),
		     0);
	vunmap_range(middle, middle + PAGE_SIZE);
	table = walk_table(&kernel_space, middle);
	expect(table);
	require_equal(space_create(&space), 0);
	expect_equal(space_destroy(&space), 0);
	expect(walk_table(&kernel_space, middle) == table);
	free_vm_area(area);
	__free_page(page);
}

TEST(space, shared_entries, "a new space has every shared entry of the root, and nothing else")
{
	entry_t *root = phys_to_virt(kernel_space.root), *copy;
	const unsigned int ends[] = {0, ENTRIES_PER_TABLE - 1};
	bool lent[2];
	struct space space;

	for (unsigned int i = 0; i < 2; i++) {
		lent[i] = root[ends[i]] == 0;
		if (lent[i])
			root[ends[i]] = ENTRY_SHARED;
	}
	require_equal(space_create(&space), 0);
	copy = phys_to_virt(space.root);
	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++)
		expect_equal(copy[i], root[i] & ENTRY_SHARED ? root[i] : 0);
	for (unsigned int i = 0; i < 2; i++)
		if (lent[i])
			root[ends[i]] = copy[ends[i]] = 0;
	expect_equal(space_destroy(&space), 0);
}

TEST(space, create_fails, "without a frame for its root there is no space, and none is lost")
{
	uint64_t tables = space_nr_tables();
	struct space space;

	scratch_fail_table(1);
	expect_equal(space_create(&space), -ENOMEM);
	expect(scratch_table_failed());
	expect_equal(space_nr_tables(), tables);
	expect(!space_check());
}

TEST_FLAGS(space, switch, "in another space the kernel half is the same and the lower half its own",
	   TEST_SMOKE)
{
	struct space *space = scratch_open(), *before;
	uintptr_t address = scratch_base();
	volatile uint64_t *root;
	uint64_t first;

	require(space);
	root = phys_to_virt(kernel_space.root);
	first = root[0];
	before = space_switch(space);
	expect(space_current() == space);
	expect_equal(platform_read_cr3() & ENTRY_ADDRESS_MASK, space->root);
	expect_equal(root[0], first);
	expect_equal(space_destroy(space), -EBUSY);
	if (!test_on_host()) /* there the lower half is the process's own */
		expect_fault_read(address);
	expect(space_switch(before) == space);
	expect(space_current() == before);
	scratch_close();
}

static void switch_back(void *context)
{
	space_switch(context);
}

/* In another space until the test is over, however it ends. */
static void switch_for_test(struct space *space)
{
	static struct test_end end = {.function = switch_back};

	end.context = space_switch(space);
	test_at_end(&end);
}

TEST(space, made_elsewhere, "a page mapped in another space can be used in all, and goes from all")
{
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_MAP);
	struct page *frame = alloc_page(GFP_KERNEL);
	struct space *space = scratch_open();
	volatile uint64_t *word;

	require(vm && frame && space);
	word = vm->addr;
	switch_for_test(space);
	expect_equal(map_range(space, (uintptr_t)word, page_to_phys(frame), PAGE_SIZE, PAGE_KERNEL,
			       LEVEL_PTE),
		     0);
	*word = 0x4711;
	space_switch(&kernel_space);
	expect_equal(*word, 0x4711);
	vunmap_range((uintptr_t)word, (uintptr_t)word + PAGE_SIZE);
	space_switch(space);
	expect_fault_read(word);
	expect_equal(*(uint64_t *)page_address(frame), 0x4711);
	space_switch(&kernel_space);
	__free_page(frame);
	free_vm_area(vm);
	scratch_close();
}

/* A word of a page that is the user's, as a kernel reads it that means to (SMAP: STAC, CLAC). */
static uint64_t read_user(uintptr_t address)
{
	uint64_t value;

	if (!platform_cpu_features()->smap)
		return *(volatile uint64_t *)address;
	__asm__ volatile("stac; movq (%1), %0; clac" : "=r"(value) : "r"(address) : "memory", "cc");
	return value;
}

TEST(space, user_pages,
     "vmalloc_user()'s pages are the user's in the lower half of one space alone")
{
	uint64_t *area = vmalloc_user(2 * PAGE_SIZE);
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct vm_area_struct vma = {
		.space = space, .vm_start = base, .vm_end = base + 2 * PAGE_SIZE};
	struct leaf leaf;

	require(area && space);
	area[PAGE_SIZE / sizeof(*area)] = 0x4711;
	require_equal(remap_vmalloc_range(&vma, area, 0), 0);
	expect(walk_lookup(space, base + PAGE_SIZE, &leaf));
	expect_equal(leaf.phys, (phys_addr_t)vmalloc_to_pfn((char *)area + PAGE_SIZE)
					<< PAGE_SHIFT);
	expect_equal(leaf.prot.pgprot & (_PAGE_USER | _PAGE_RW | _PAGE_NX | _PAGE_GLOBAL),
		     _PAGE_USER | _PAGE_NX);
	expect(!walk_lookup(&kernel_space, base, &leaf));
	if (!test_on_host()) { /* there the lower half is the process's own */
		switch_for_test(space);
		expect_equal(read_user(base + PAGE_SIZE), 0x4711);
		expect_equal(fault_expect_read(base), platform_cpu_features()->smap);
		expect_fault_write(base);
		space_switch(&kernel_space);
		expect_fault_read(base);
	}
	expect_equal(unmap_range(space, base, 2 * PAGE_SIZE), 2);
	tlb_flush_range(base, base + 2 * PAGE_SIZE);
	vfree(area);
	scratch_close();
}

static void expect_described(struct space *space, pgprot_t prot, const char *permissions)
{
	uintptr_t base = scratch_base();
	char words[80], expected[80];

	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, prot, LEVEL_PTE), 0);
	fault_describe(base, words, sizeof(words));
	scnprintf(expected, sizeof(expected), "in the lower half, %s", permissions);
	expect_string(words, expected);
	expect_equal(unmap_range(space, base, PAGE_SIZE), 1);
}

TEST(space, described, "an address is told with the permissions that it has in the space in force")
{
	struct space *space = scratch_open();

	require(space);
	switch_for_test(space);
	expect_described(space, SCRATCH_RW, "read-write");
	expect_described(space, SCRATCH_RO, "read-only");
	expect_described(space, __pgprot(SCRATCH_RO.pgprot & ~_PAGE_NX),
			 "read-only and executable");
	space_switch(&kernel_space);
	scratch_close();
}

/* From its first byte to its last; regions do not touch. */
static void expect_region(uintptr_t start, uintptr_t end, const char *name)
{
	expect_string(space_region_name(start), name);
	expect_string(space_region_name(end - 1), name);
	expect(strcmp(space_region_name(start - 1), name));
	expect(strcmp(space_region_name(end), name));
}

TEST(space, region_names, "every address has a word for its region")
{
	expect_region(layout.page_offset, layout.page_offset_end, "direct");
	expect_region(layout.vmalloc_start, layout.vmalloc_end, "vmalloc");
	expect_region(layout.vmemmap_start, layout.vmemmap_end, "pages");
	expect_string(space_region_name(space_user_start(&kernel_space)), "user");
	expect_string(space_region_name(0), "-");
	expect_string(space_region_name(-PAGE_SIZE), "-");
}

TEST(space, roots, "every root lies below 4 GiB")
{
	struct space *space = scratch_open();

	require(space);
	expect_below(kernel_space.root, (uint64_t)4 << 30);
	expect_below(space->root, (uint64_t)4 << 30);
	scratch_close();
}

TEST(space, page_zero, "page 0 is not mapped")
{
	struct leaf leaf;

	expect(!walk_lookup(&kernel_space, 0, &leaf));
}

static bool is_strict(void *context, const struct leaf *leaf)
{
	bool *strict = context;

	*strict &= !prot_is_writable_and_executable(leaf->prot);
	return *strict;
}

TEST(space, write_or_execute, "no page is writable and executable")
{
	uintptr_t half = space_user_end(&kernel_space);
	bool strict = true;

	walk_leaves(&kernel_space, 0, half, is_strict, &strict);
	walk_leaves(&kernel_space, -half, UINTPTR_MAX, is_strict, &strict);
	expect(strict);
}

/* Breaks an entry and puts it back; the check must see it. */
static bool check_notices(entry_t *entry, entry_t broken)
{
	entry_t whole = *entry;
	const char *problem;

	*entry = broken;
	problem = space_check();
	*entry = whole;
	return problem;
}

TEST(space, check_notices, "a wrong population, W+X, a note high up and a reserved bit are noticed")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	entry_t *pud_entry, *pmd_entry, *pte;
	unsigned int root_level;

	require(space);
	root_level = space->levels == 5 ? LEVEL_PGD : LEVEL_P4D;
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	pud_entry = (entry_t *)phys_to_virt(space->root) + level_index(base, root_level);
	for (unsigned int level = root_level; level > LEVEL_PUD; level--)
		pud_entry = (entry_t *)phys_to_virt(entry_table_phys(*pud_entry)) +
			    level_index(base, level - 1);
	pmd_entry = (entry_t *)phys_to_virt(entry_table_phys(*pud_entry)) + pmd_index(base);
	pte = (entry_t *)phys_to_virt(entry_table_phys(*pmd_entry)) + pte_index(base);
	expect(!space_check());
	expect(check_notices(pmd_entry, *pmd_entry + ENTRY_POPULATED_ONE));
	expect(check_notices(pte, *pte & ~_PAGE_NX));
	expect(check_notices(pte, *pte | _PAGE_GLOBAL));
	expect(check_notices(pte, *pte | (uint64_t)1 << 51));
	expect(check_notices(pmd_entry, 0x10));
	expect(!space_check());
	scratch_close();
}

static unsigned int first_shared(const entry_t *root)
{
	unsigned int index = 0;

	while (!(root[index] & ENTRY_SHARED))
		index++;
	return index;
}

TEST(space, check_roots, "a root that lacks a shared entry, or has another one, is noticed")
{
	struct space *space = scratch_open();
	entry_t *root, *entry;

	require(space);
	root = phys_to_virt(space->root);
	entry = &root[first_shared(root)];
	expect(check_notices(entry, 0));
	expect(check_notices(entry, *entry & ~ENTRY_SHARED));
	expect(check_notices(entry, *entry ^ _PAGE_ACCESSED));
	expect(!space_check());
	scratch_close();
}

TEST(space, check_page_zero, "a page at address 0 is noticed")
{
	struct space *space = scratch_open();
	const entry_t *root;

	require(space);
	root = phys_to_virt(space->root);
	if (root[0] & ENTRY_SHARED) {
		scratch_close();
		test_skip("the image lies under the first entry of the root");
	}
	expect_equal(map_range(space, 0, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RO, LEVEL_PTE), 0);
	expect(space_check());
	expect_equal(unmap_range(space, 0, PAGE_SIZE), 1);
	expect(reclaim_tables(space, 0, PAGE_SIZE) > 0);
	scratch_close();
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "fail.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "memblock.h"
#include "page_alloc.h"
#include "plain.h"
#include "ram_block.h"
#include "slab.h"
#include "slabs.h"
#include "scratch.h"
#include "space.h"
#include "tlb.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "walk.h"
#include "words.h"

/*
 * Requests at the edges: of the region, of what a class takes, of what an array of pages holds; and
 * areas that are not what the call is for.
 */

static uintptr_t window(void)
{
	return VMALLOC_START + ((VMALLOC_END - VMALLOC_START) / 4 & ~(PUD_SIZE - 1));
}

/* At a place that no class has, whatever the run's settings. */
static void *get_here(size_t pages)
{
	return __vmalloc_node_range(pages * PAGE_SIZE, 1, window(), window() + 256 * PAGE_SIZE,
				    GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);
}

TEST(area_edges, not_areas, "an address of the direct map, or of nobody, is no area's")
{
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	expect(!vmalloc_to_page(page_address(page)));
	expect_equal(vmalloc_to_pfn((void *)window()), 0);
	expect(!is_vm_area_hugepages((void *)window()));
	free_vm_area(NULL);
	__free_page(page);
}

PLAIN_TEST(area_edges, put_pages_kept, "remove_vm_area() and vunmap() leave pages that came along")
{
	struct page **pages = kmalloc_array(2, sizeof(*pages), GFP_KERNEL);
	unsigned long counted = vmalloc_nr_pages();
	struct vm_struct *vm;
	void *address;

	require(pages && alloc_pages_bulk_array(GFP_KERNEL, 2, memset(pages, 0, 16)) == 2);
	address = vmap(pages, 2, VM_MAP_PUT_PAGES, PAGE_KERNEL);
	require(address);
	vm = remove_vm_area(address);
	require(vm);
	expect(vm->pages == pages);
	expect_equal(vmalloc_nr_pages(), counted);
	kfree(vm);
	address = vmap(pages, 2, VM_MAP_PUT_PAGES, PAGE_KERNEL);
	require(address);
	vunmap(address);
	expect_equal(page_count(pages[1]), 1);
	free_pages_bulk(2, pages);
	kfree(pages);
}

TEST(area_edges, map_short, "mapping more than the array has pages for leaves nothing mapped")
{
	struct vm_struct *vm = get_vm_area(4 * PAGE_SIZE, VM_MAP);
	struct page *page = alloc_page(GFP_KERNEL), *pages[2];
	struct page_source source;
	uintptr_t start;

	require(vm && page);
	start = (uintptr_t)vm->addr;
	pages[0] = pages[1] = page;
	page_source_init(&source, pages, 2);
	expect_equal(
		map_frames(&kernel_space, start, PAGE_SIZE, &source.source, PAGE_KERNEL, LEVEL_PTE),
		0); /* less than there is */
	expect_equal(unmap_range(&kernel_space, start, PAGE_SIZE), 1);
	tlb_flush_all();
	page_source_init(&source, &page, 1);
	expect_not_equal(map_frames(&kernel_space, start, 2 * PAGE_SIZE, &source.source,
				    PAGE_KERNEL, LEVEL_PTE),
			 0);
	expect(!vmalloc_to_page(vm->addr));
	free_vm_area(vm);
	__free_page(page);
}

TEST(area_edges, executable_frames, "vmap_pfn() maps no writable code")
{
	unsigned long pfn = (unsigned long)(memblock_end() >> PAGE_SHIFT);

	expect(!vmap_pfn(&pfn, 1, PAGE_KERNEL_EXEC));
}

TEST(area_edges, user_line, "vmallocinfo()'s line of an area says what flags and leaves it has")
{
	expect_string(vm_kind(VM_USERMAP), "reserved");
	expect_string(vm_kind(VM_USERMAP | VM_ALLOC), "vmalloc");
}

TEST(area_edges, classes,
     "ranges of odd alignments and sizes are of no class, and had all the same")
{
	static const struct {
		size_t nr, align;
	} odd[] = {{17, PMD_SIZE}, {17, 2 * PAGE_SIZE}, {9 * 512, PMD_SIZE}, {512, PMD_SIZE}};

	for (unsigned int i = 0; i < 4; i++) {
		struct vmap_request request = {.nr_pages = odd[i].nr,
					       .align = odd[i].align,
					       .start = VMALLOC_START,
					       .end = VMALLOC_END,
					       .gfp = GFP_KERNEL};
		struct area *area = vmap_area_alloc(&request);

		require(area);
		expect_equal(area->va.va_start & (odd[i].align - 1), 0);
		if (i < 3)
			expect_equal(area->va.size_class, CLASS_NONE);
		vmap_area_free_unused(area);
	}
}

TEST(area_edges, aligned_leaves, "an area that is aligned for large leaves already gets them")
{
	char *p =
		__vmalloc_node_range(PMD_SIZE, 2 * PMD_SIZE, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
				     PAGE_KERNEL, VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE, NULL);
	struct leaf leaf;

	require(p);
	expect_equal((uintptr_t)p & (2 * PMD_SIZE - 1), 0);
	expect(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	vfree(p);
}

TEST(area_edges, by_hand, "areas by hand: a page for a device, one with pages that stays")
{
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	void *area = vmalloc(PAGE_SIZE);

	require(vm && area);
	free_vm_area(vm);
	free_vm_area(find_vm_area(area));
	expect(find_vm_area(area) != NULL);
	vfree(area);
}

/* Where blocks of vm_map_ram() may start there is something else. */
TEST(area_edges, no_block,
     "vm_unmap_ram() of what is no slot is refused, whatever lies in front of it")
{
	size_t step = RAM_BLOCK_PAGES * PAGE_SIZE;
	char *p = __vmalloc_node(PAGE_SIZE, step, GFP_KERNEL, NUMA_NO_NODE, NULL), *run[4];
	struct area *area = vmap_area_starting((uintptr_t)p);
	struct ram_block *block;
	struct page *page;
	unsigned long flags;

	require(p && area);
	page = vmalloc_to_page(p);
	vm_unmap_ram(p, 1);
	flags = area->vm.flags;
	block = area->block;
	area->vm.flags = VM_MAP_RAM;
	area->block = NULL;
	vm_unmap_ram(p, 2);
	area->vm.flags = flags;
	area->block = block;
	expect(vmalloc_to_page(p) == page);
	expect(!vm_map_ram(&page, (unsigned int)totalram_pages() + 1, NUMA_NO_NODE));
	vfree(p);
	for (unsigned int i = 0; i < 4; i++)
		run[i] = vmalloc(CLASS_PAGES * PAGE_SIZE);
	for (unsigned int i = 0; i < 4; i++)
		vfree(run[i]);
	for (unsigned int i = 0; i < 4; i++) /* one of them reaches over such a place */
		vm_unmap_ram((void *)(((uintptr_t)run[i] + step - 1) & ~(step - 1)), 1);
	expect(!vmap_area_check());
}

TEST(area_edges, device_by_hand, "a range that an area by hand has for a device is that area's")
{
	phys_addr_t phys = scratch_device();
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	void *p;

	require(vm);
	vm->phys_addr = phys;
	expect(!ioremap(phys, PAGE_SIZE));
	free_vm_area(vm);
	p = ioremap(phys, PUD_SIZE);
	if (!p)
		test_skip("no GiB of addresses of devices there");
	expect_equal((uintptr_t)p & (PUD_SIZE - 1), 0);
	iounmap(p);
}

TEST(area_edges, firmware_behind, "RAM that the firmware has behind ours is RAM")
{
	size_t nr;
	const struct firmware_range *firmware = ioremap_ram(&nr);
	struct firmware_range behind = {memblock_end(), memblock_end() + PMD_SIZE, FIRMWARE_RAM};
	phys_addr_t end;

	ioremap_set_ram(&behind, 1);
	end = ioremap_ram_end();
	ioremap_set_ram(firmware, nr);
	expect_equal(end, behind.end);
}

TEST(area_edges, leaf_sizes, "vmap_pages_range() takes any page_shift, and maps what there is")
{
	static const unsigned int shifts[] = {PAGE_SHIFT, PMD_SHIFT, PUD_SHIFT};
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_MAP);
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long at;

	require(vm && page);
	at = (unsigned long)(uintptr_t)vm->addr;
	for (unsigned int i = 0; i < 3; i++) {
		expect_equal(vmap_pages_range(at, at + PAGE_SIZE, PAGE_KERNEL, &page, shifts[i]),
			     0);
		expect(vmalloc_to_page(vm->addr) == page);
		vunmap_range(at, at + PAGE_SIZE);
	}
	free_vm_area(vm);
	__free_page(page);
}

TEST(area_edges, shorter_run_last,
     "of two runs the longer one gets the large leaf, also as the first")
{
	enum { LONG = 1 << MAX_PAGE_ORDER, ALL = LONG + (1 << 9) };
	struct page *blocks[2] = {alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER),
				  alloc_pages(GFP_KERNEL | __GFP_NOWARN, 9)};
	struct page **pages = kvmalloc_array(ALL, sizeof(*pages), GFP_KERNEL);
	struct leaf leaf;
	char *p = NULL;

	for (unsigned int i = 0; pages && blocks[0] && blocks[1] && i < ALL; i++)
		pages[i] = i < LONG ? blocks[0] + i : blocks[1] + (i - LONG);
	if (pages && blocks[0] && blocks[1])
		p = vmap(pages, ALL, VM_MAP, PAGE_KERNEL);
	if (p) {
		expect(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
		expect_equal(leaf.size, PMD_SIZE);
	}
	vunmap(p);
	kvfree(pages);
	if (blocks[0])
		__free_pages(blocks[0], MAX_PAGE_ORDER);
	if (blocks[1])
		__free_pages(blocks[1], 9);
	if (!p)
		test_skip("no memory for it");
}

TEST(area_edges, grow_nowhere, "an area does not grow beyond the region, nor around it")
{
	void *address = get_here(1);
	struct area *area = vmap_area_starting((uintptr_t)address);

	require(area && vmap_area_claim(area));
	expect(!vmap_area_grow(area, ~0ul >> PAGE_SHIFT));
	expect(!vmap_area_grow(area, (VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT));
	vm_publish(area);
	vfree(address);
}

TEST(area_edges, at, "an area at an address of its own is within the region and its guards")
{
	uintptr_t guard = vmap_area_guard() * PAGE_SIZE;

	expect(!vmap_area_alloc_at(VMALLOC_START, 1, GFP_KERNEL));
	expect(!vmap_area_alloc_at(VMALLOC_END - guard, 1, GFP_KERNEL));
	expect(!vmap_area_alloc_at(VMALLOC_START + guard, ~0ul >> PAGE_SHIFT, GFP_KERNEL));
}

TEST(area_edges, no_slots,
     "a range without room for its guards has no slots, nor has one inside out")
{
	struct vmap_request request = {.nr_pages = 1, .align = PAGE_SIZE, .gfp = GFP_KERNEL};

	request.start = window();
	request.end = window();
	expect_equal(vmap_area_slots(&request), 0);
	expect(!vmap_area_alloc(&request));
	request.end = window() + PAGE_SIZE / 2;
	expect_equal(vmap_area_slots(&request), 0);
	request.nr_pages = ~0ul >> PAGE_SHIFT;
	request.start = VMALLOC_START;
	request.end = VMALLOC_END;
	expect(!vmap_area_alloc(&request));
}

static unsigned int lines_user, lines_unfinished;

static void look_at_line(void *context, const char *text)
{
	(void)context;
	lines_user += text_contains(text, " user");
	lines_unfinished += text_contains(text, " unfinished");
}

TEST(area_edges, flags_told, "vmallocinfo() tells areas for users, and unfinished ones")
{
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_USERMAP | VM_UNINITIALIZED);

	require(vm);
	lines_user = lines_unfinished = 0;
	vmallocinfo(look_at_line, NULL);
	expect_equal(lines_user, 1);
	expect_equal(lines_unfinished, 1);
	free_vm_area(vm);
}

TEST(area_edges, devices, "devices side by side have types of their own, and stay apart")
{
	phys_addr_t phys = scratch_device();
	unsigned long pfn = (unsigned long)((phys + 8 * PMD_SIZE) >> PAGE_SHIFT);
	void *other = vmap_pfn(&pfn, 1, PAGE_KERNEL_RO), *middle, *below, *above;

	middle = ioremap(phys + PMD_SIZE, PAGE_SIZE);
	below = ioremap_wc(phys, PAGE_SIZE);
	above = ioremap_wt(phys + 2 * PMD_SIZE, PAGE_SIZE);
	expect(other && middle && below && above);
	expect(!ioremap_wc(phys + PMD_SIZE, PAGE_SIZE));
	iounmap(above);
	iounmap(below);
	iounmap(middle);
	vunmap(other);
}

TEST(area_edges, map_ram_fails, "a large map for which there is no table leaves nothing behind")
{
	enum { NR = 600 };
	struct page **pages = kvmalloc_array(NR, sizeof(*pages), GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	void *map;

	require(pages && page);
	for (unsigned int i = 0; i < NR; i++)
		pages[i] = page;
	vmap_area_quiesce();
	fail_arm(1, 1u << FAIL_TABLE);
	map = vm_map_ram(pages, NR, NUMA_NO_NODE);
	if (fail_disarm())
		expect(!map);
	if (map)
		vm_unmap_ram(map, NR);
	kvfree(pages);
	__free_page(page);
}

TEST(area_edges, grow_fails, "an area that grows over a table that cannot be had moves, or stays")
{
	uintptr_t start = window() + PMD_SIZE - 4 * PAGE_SIZE;
	char *p = __vmalloc_node_range(PAGE_SIZE, 1, start - vmap_area_guard() * PAGE_SIZE,
				       start + PUD_SIZE, GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE,
				       NULL),
	     *q;

	require(p);
	*p = 7;
	fail_arm(1, 1u << FAIL_TABLE);
	q = vrealloc(p, 600 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	fail_disarm();
	p = q ? q : p;
	expect_equal(*p, 7);
	expect(!vmap_area_check());
	vfree(p);
}

TEST(area_edges, held_pages, "pages of an area that somebody holds outlive its vfree()")
{
	for (unsigned int nr = 1; nr <= 40; nr += 13)
		for (unsigned int i = 0; i < 2;
		     i++) { /* the first frees where none was freed yet */
			char *p = vmalloc(nr * PAGE_SIZE);
			struct page *page = p ? vmalloc_to_page(p + (nr / 2) * PAGE_SIZE) : NULL;

			require(page);
			get_page(page);
			vfree(p);
			expect_equal(page_count(page), 1);
			put_page(page);
			expect_equal(page_count(page), 0);
		}
}

TEST(area_edges, flags_changed, "an area whose flags were changed is freed by what they say then")
{
	for (unsigned int nr = 1; nr <= 3; nr += 2) {
		char *p = vmalloc(nr * PAGE_SIZE);

		require(p);
		find_vm_area(p)->flags |= VM_FLUSH_RESET_PERMS;
		vfree(p);
		expect(!find_vm_area(p));
	}
}

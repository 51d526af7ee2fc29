/* SPDX-License-Identifier: BSD-2-Clause */
#include "early_calls.h"
#include <string.h>
#include "dma_alloc.h"
#include "fault.h"
#include "host_log.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "map.h"
#include "page_alloc.h"
#include "pcp.h"
#include "percpu_alloc.h"
#include "slab.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
#include "vmap_area.h"
#include "vmallocinfo.h"
#include "../suites/words.h"

/* What a call would find if it did not look whether it comes too early. */
static char *const somewhere = (char *)0x1000;
static struct page *no_pages[1];
static unsigned int lines;

static void count_line(void *context, const char *text)
{
	(void)context;
	(void)text;
	lines++;
}

static const char *allocating(void)
{
	const unsigned long offset = 0;
	const size_t size = PAGE_SIZE;
	dma_addr_t dma;

	if (vmalloc(1) || vzalloc(1) || vmalloc_node(1, 0) || vmalloc_32(1) || vmalloc_user(1))
		return "vmalloc()";
	if (__vmalloc(1, GFP_ATOMIC) || __vmalloc_node(1, 1, GFP_NOWAIT, 0, NULL))
		return "__vmalloc() that does not wait";
	if (vmalloc_huge(PMD_SIZE, GFP_KERNEL) || vcalloc(2, 3) || vrealloc(NULL, 1, GFP_KERNEL))
		return "vmalloc_huge(), vcalloc(), vrealloc()";
	if (vrealloc(somewhere, 2, GFP_KERNEL) || vrealloc(somewhere, 0, GFP_KERNEL))
		return "vrealloc() of an area";
	if (vmap(no_pages, 1, VM_MAP, PAGE_KERNEL) || vm_map_ram(no_pages, 1, NUMA_NO_NODE))
		return "vmap()";
	if (get_vm_area(PAGE_SIZE, VM_MAP) || pcpu_get_vm_areas(&offset, &size, 1, PAGE_SIZE))
		return "get_vm_area()";
	if (ioremap((phys_addr_t)1 << 32, PAGE_SIZE) || alloc_percpu(long))
		return "ioremap(), alloc_percpu()";
	return dma_alloc_coherent(NULL, PAGE_SIZE, &dma, GFP_KERNEL) ? "dma_alloc_coherent()"
								     : NULL;
}

/* Of frames and objects. */
static const char *below_areas(void)
{
	struct vmap_request anywhere = {.nr_pages = 1, .align = 1};
	struct page_alloc_stats stats;
	struct vmap_area_stats areas;
	struct vmalloc_totals totals;
	unsigned long pfn_of_none = 1;
	uint64_t pfn;

	if (alloc_page(GFP_KERNEL) || alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 2, &pfn, 1))
		return "a frame";
	if (alloc_contig_pages(2, GFP_KERNEL, NUMA_NO_NODE, NULL))
		return "a range of frames";
	if (page_table_source.alloc(NULL, false))
		return "a table";
	if (free_frame_run(5, 2, 1))
		return "a run of frames";
	free_contig_range(5, 2);
	if (free_frame_run(5, 2, 1))
		return "a run of frames that nobody has";
	page_alloc_get_stats(&stats);
	if (stats.refills || drain_all_pages() || page_alloc_check())
		return "what a CPU keeps";
	if (slab_nr_objects() || slab_check() || slab_describe(PAGE_OFFSET, NULL, 0))
		return "an object";
	vmalloc_get_totals(&totals);
	vmap_area_get_stats(&areas);
	if (areas.areas || vmap_area_slots(&anywhere) || vmap_area_alloc(&anywhere) ||
	    vmap_pfn(&pfn_of_none, 1, PAGE_KERNEL))
		return "an address";
	return vmalloc_nr_pages() || vmap_area_check() ? "a page of vmalloc()" : NULL;
}

const char *early_calls(void)
{
	const char *problem = below_areas();
	const char *inside = (const char *)(VMALLOC_START + 5 * PAGE_SIZE);
	char said[512], byte;

	if (problem)
		return problem;
	vfree(NULL);
	host_log_capture(said, sizeof(said));
	vfree(inside);
	fault_depths[platform_cpu()].nr++; /* in an exception handler, that is */
	vfree(inside);
	fault_depths[platform_cpu()].nr--;
	vfree_atomic(inside);
	vunmap(inside);
	host_log_capture(NULL, 0);
	if (!text_contains(said, "is before vmalloc_init()\nvfree_atomic refused at "))
		return "a refusal";
	vm_unmap_ram(inside, 1);
	vm_unmap_aliases();
	vmalloc_quiesce();
	vmallocinfo(count_line, NULL);
	if (find_vm_area(inside) || vread(&byte, inside, 1) || vmalloc_dump_obj((void *)inside) ||
	    lines)
		return "a question";
	return allocating();
}

const char *late_calls(void)
{
	uintptr_t address = VMALLOC_START + PUD_SIZE;
	char text[96];

	if (nr_free_pages() && pcps_frames(0))
		return "frames that a CPU keeps";
	if (map_range(&kernel_space, address, PUD_SIZE, PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE) !=
	    -ENOMEM)
		return "a table";
	fault_describe(PAGE_OFFSET + (1 << 20), text, sizeof(text));
	return strstr(text, "frame 0x") ? "what a frame is" : NULL;
}

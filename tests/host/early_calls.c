/* SPDX-License-Identifier: BSD-2-Clause */
#include "early_calls.h"
#include "dma_alloc.h"
#include "host_log.h"
#include "ioremap.h"
#include "percpu_alloc.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
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

const char *early_calls(void)
{
	const char *inside = (const char *)(VMALLOC_START + 5 * PAGE_SIZE);
	char said[512], byte;

	vfree(NULL);
	host_log_capture(said, sizeof(said));
	vfree(inside);
	vfree_atomic(inside);
	vunmap(inside);
	host_log_capture(NULL, 0);
	if (!text_contains(said, "is before vmalloc_init()\nvfree_atomic refused at "))
		return "a refusal";
	vm_unmap_ram(inside, 1);
	vm_unmap_aliases();
	vmallocinfo(count_line, NULL);
	if (find_vm_area(inside) || vread(&byte, inside, 1) || vmalloc_dump_obj((void *)inside) ||
	    lines)
		return "a question";
	return allocating();
}

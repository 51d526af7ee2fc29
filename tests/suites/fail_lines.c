/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "page_alloc.h"
#include "percpu_alloc.h"
#include "said.h"
#include "scratch.h"
#include "ioremap.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/* Every call that gets nothing says so, in its own name. */

static void *area;
static unsigned int answers;

static void count(const void *answer)
{
	answers += answer != NULL;
}

static void ask_area(void)
{
	count(get_vm_area(VMALLOC_END - VMALLOC_START, VM_MAP));
}

static void ask_area_of_all(void)
{
	count(get_vm_area(~0ul, VM_IOREMAP));
}

static void ask_range(void)
{
	count(__get_vm_area_caller(PAGE_SIZE, VM_MAP, VMALLOC_END, VMALLOC_START, NULL));
}

static void ask_dma(void)
{
	dma_addr_t dma;

	count(dma_alloc_coherent(NULL, ~(size_t)0, &dma, GFP_KERNEL));
}

static void ask_alignment(void)
{
	count(vrealloc_node_align(area, 1, 1ul << 62, GFP_KERNEL, NUMA_NO_NODE));
}

static void ask_pages(void)
{
	count(vrealloc(area, totalram_pages() << PAGE_SHIFT, GFP_KERNEL));
}

static void ask_exact(void)
{
	count(alloc_pages_exact(0, GFP_KERNEL));
	count(alloc_pages_exact(((size_t)PAGE_SIZE << MAX_PAGE_ORDER) + 1, GFP_KERNEL));
}

static void ask_congruent(void)
{
	const unsigned long offsets[] = {0, (VMALLOC_END - VMALLOC_START) / 2};
	const size_t sizes[] = {PAGE_SIZE, offsets[1] + PAGE_SIZE};

	count(pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE));
}

TEST(fail_lines, refused,
     "who asks for what cannot be had gets NULL and a line with the call's name")
{
	area = vmalloc(1);
	require(area);
	answers = 0;
	expect(call_says(ask_area, "get_vm_area"));
	expect(call_says(ask_area_of_all, "get_vm_area"));
	expect(call_says(ask_range, "get_vm_area"));
	expect(call_says(ask_dma, "dma_alloc_coherent refused"));
	expect(call_says(ask_alignment, "vrealloc"));
	expect(call_says(ask_pages, "vrealloc"));
	expect(call_says(ask_exact, "no block holds"));
	expect(call_says(ask_congruent, "pcpu_get_vm_areas"));
	expect_equal(answers, 0);
	vfree(area);
}

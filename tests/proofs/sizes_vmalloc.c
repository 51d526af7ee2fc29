/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include "vm_alloc.c"
#include "vmalloc.c"
#include "kvmalloc.c"

/*
 * From bytes to pages, for every size and number of 64 bits, in vmalloc and its variants, arrays
 * and kvmalloc: address space is asked for whole pages that hold all the bytes and no page more, at
 * the alignment that was asked for; a product that overflows, 0 bytes and more than there is ask
 * for none. Bound: elements of arrays have one of three sizes, their number is any; the short cut,
 * whose sizes are small, is not taken.
 */
static uint64_t expected;
static unsigned long expected_align;

struct area *vmap_area_alloc(const struct vmap_request *request)
{
	PROVE(expected > 0 && request->nr_pages > 0);
	PROVE(request->nr_pages <= SIZE_MAX >> PAGE_SHIFT);
	PROVE(request->nr_pages << PAGE_SHIFT >= expected);
	PROVE((request->nr_pages - 1) << PAGE_SHIFT < expected);
	PROVE(request->nr_pages - 1 <= totalram_pages());
	PROVE(request->align >= expected_align && request->align >= PAGE_SIZE);
	return NULL;
}

/* The same in each call; other functions that are asked here say anything. */
static uint64_t total;
uint64_t totalram_pages(void)
{
	return total;
}

unsigned int nr_online_nodes(void)
{
	return 1;
}

const struct cpu_features *platform_cpu_features(void)
{
	static struct cpu_features features;

	features.gib_leaves = ANY(bool);
	return &features;
}

/* Large sizes alone: what is small may come out of it. */
void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	(void)gfp;
	(void)nid;
	PROVE(size == expected && size <= KMALLOC_MAX_SIZE);
	return NULL;
}

struct fault_depth fault_depths[PLATFORM_CPUS_MAX];
__thread unsigned int machine_this_cpu_number;

static const size_t element_sizes[] = {24, PAGE_SIZE, ((size_t)1 << 32) + 1};

/* The element's size is a constant in each turn, for a product of two unknowns is hard. */
static void prove_arrays(size_t n)
{
	for (unsigned int i = 0; i < sizeof(element_sizes) / sizeof(*element_sizes); i++) {
		size_t size = element_sizes[i];

		expected = n <= SIZE_MAX / size ? n * size : 0;
		vmalloc_array(n, size);
		kvcalloc(n, size, GFP_KERNEL);
	}
}

int main(void)
{
	unsigned long size = ANY(unsigned long), align = ANY(unsigned long);

	fault_depths[0].detour = 1;
	total = ANY(uint32_t);
	expected = size;
	expected_align = PAGE_SIZE;
	vmalloc(size);
	vmalloc_huge(size, GFP_KERNEL);
	kvmalloc(size, GFP_KERNEL);
	expected_align = align;
	__vmalloc_node(size, align, GFP_KERNEL, NUMA_NO_NODE, NULL);
	expected_align = PAGE_SIZE;
	prove_arrays(ANY(size_t));
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "mm.h"
#include "fail.h"
#include "fault.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "memblock.h"
#include "page_alloc.h"
#include "protect.h"
#include "slab.h"
#include "space.h"
#include "vmalloc.h"

/* The folder's start, end and checks, in the order in which the parts stand on each other. */

int mm_map_page_array(void)
{
	return page_array_map();
}

static int failed(int error, const char *what)
{
	if (error)
		log_line("mm: %s: error %d", what, -error);
	return error;
}

static bool describe_frame(uintptr_t address, char *buffer, size_t size)
{
	uint64_t pfn = (address - page_offset_base) >> PAGE_SHIFT;
	frame_word_t word;
	char who[64];
	bool allocated;
	int used;

	if (mm_slow_reasons & SLOW_NOT_STARTED || address < page_offset_base || !pfn_valid(pfn))
		return false;
	allocated = page_count(pfn_to_page(pfn));
	word = frame_word(pfn);
	used = scnprintf(buffer, size, "frame %#llx in the direct map, ", (unsigned long long)pfn);
	buffer += used;
	size -= (size_t)used;
	frame_owner_format(word, who, sizeof(who));
	if (frame_owner_decode(word))
		scnprintf(buffer, size, "%s by %s", allocated ? "allocated" : "free, given back",
			  who);
	else
		scnprintf(buffer, size, "%s",
			  allocated ? "in use from the start (a table, the page array, a stack)"
				    : "free, never handed out");
	return true;
}

int mm_init(const struct mm_options *options)
{
	struct page_alloc_options frames = {.poison = options->poison,
					    .debug_pagealloc = options->debug_pagealloc};
	int error = failed(page_alloc_init(&frames), "no memory for the page allocator");

	if (error)
		return error;
	space_set_source(&page_table_source);
	error = failed(slab_init(options->seed), "no memory for the first caches");
	if (!error)
		error = failed(vmalloc_init(options), "vmalloc cannot start");
	fault_add_describer(slab_describe);
	fault_add_describer(describe_frame);
	return error;
}

static phys_addr_t no_table(void *context, bool low)
{
	(void)context;
	(void)low;
	return 0;
}

void mm_exit(void)
{
	static const struct table_source none = {.alloc = no_table};

	fail_disarm();
	kvfree_rcu_barrier();
	vmalloc_exit();
	slab_exit();
	space_set_source(&none);
	page_alloc_exit();
}

void mm_clear_rest(void)
{
	page_alloc_clear_rest();
}

const struct phys_range *mm_handed_out(size_t *nr, uint64_t *left_out)
{
	return page_alloc_handed_out(nr, left_out);
}

/* set_memory_*() leaves split leaves behind. Where freed frames are unmapped they stay split. */
static void join_direct_map(void)
{
	unsigned int level = platform_cpu_features()->gib_leaves ? LEVEL_PUD : LEVEL_PMD;
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	if (mm_slow_reasons & SLOW_UNMAP)
		return;
	for (size_t i = 0; i < nr; i++) {
		phys_addr_t start = ranges[i].start, end = ranges[i].end;

		while (i + 1 < nr && ranges[i + 1].start == end)
			end = ranges[++i].end;
		join_range(&kernel_space, (uintptr_t)phys_to_virt(start), end - start, level);
	}
}

void mm_quiesce(void)
{
	kvfree_rcu_barrier();
	vmalloc_quiesce();
	join_direct_map();
	slab_quiesce();
	drain_all_pages();
}

const char *mm_check(void)
{
	const char *problem = page_alloc_check();

	if (!problem)
		problem = slab_check();
	if (!problem)
		problem = vmalloc_check();
	if (!problem)
		problem = space_check();
	return problem;
}

/*
 * Over how many slabs the same number of live objects is spread depends on what was allocated in
 * between. So the frames of slabs count as free here; the objects are counted by themselves.
 */
void mm_get_usage(struct mm_usage *usage)
{
	struct slab_stats slabs;

	slab_get_stats(&slabs);
	*usage = (struct mm_usage){
		.free_frames = nr_free_pages() + slabs.slab_frames,
		.tables = space_nr_tables(),
		.slab_objects = slab_nr_objects(),
	};
	vmalloc_get_usage(&usage->areas, &usage->area_pages);
}

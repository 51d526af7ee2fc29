/* SPDX-License-Identifier: BSD-2-Clause */
#include "percpu_alloc.h"
#include "plain.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/* Memory that each CPU has a copy of, and the congruent areas below it. */

PLAIN_TEST(pcpu_areas, congruent,
	   "areas lie at one base plus their offsets, at the top of the region")
{
	const unsigned long offsets[] = {0, 64 * PAGE_SIZE, 512 * PAGE_SIZE};
	const size_t sizes[] = {4 * PAGE_SIZE, 8 * PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 3, 4 * PAGE_SIZE);
	struct vm_struct **more = pcpu_get_vm_areas(offsets, sizes, 3, 4 * PAGE_SIZE);

	require(vms && more);
	for (unsigned int i = 0; i < 3; i++) {
		expect_equal((uintptr_t)vms[i]->addr, (uintptr_t)vms[0]->addr + offsets[i]);
		expect_equal((uintptr_t)more[i]->addr, (uintptr_t)more[0]->addr + offsets[i]);
		expect_equal(get_vm_area_size(vms[i]), sizes[i]);
	}
	expect_equal((uintptr_t)vms[0]->addr & (4 * PAGE_SIZE - 1), 0);
	expect(VMALLOC_END - (uintptr_t)vms[2]->addr <= 8 * PAGE_SIZE);
	expect_not_equal((uintptr_t)vms[0]->addr, (uintptr_t)more[0]->addr);
	pcpu_free_vm_areas(vms, 3);
	pcpu_free_vm_areas(more, 3);
	pcpu_free_vm_areas(NULL, 3);
}

PLAIN_TEST(pcpu_areas, any_order,
	   "offsets need not ascend; one that was freed otherwise is refused")
{
	const unsigned long offsets[] = {8 * PAGE_SIZE, 0};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE), *gone;
	void *first;

	require(vms);
	first = vms[0]->addr;
	expect_equal((uintptr_t)first, (uintptr_t)vms[1]->addr + 8 * PAGE_SIZE);
	gone = remove_vm_area(first);
	require(gone);
	kfree(gone);
	pcpu_free_vm_areas(vms, 2);
	expect(!find_vm_area(first));
}

/* Nearly as far apart as the region is long. */
static bool far_apart(void)
{
	const unsigned long offsets[] = {VMALLOC_END - VMALLOC_START - 4 * PMD_SIZE, 0};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE);

	pcpu_free_vm_areas(vms, 2);
	return vms != NULL;
}

PLAIN_TEST(pcpu_areas, purged, "for lack of room they are refused; what was freed is room again")
{
	struct vmap_request top = {.nr_pages = 8 * PMD_SIZE >> PAGE_SHIFT,
				   .align = PAGE_SIZE,
				   .start = VMALLOC_START,
				   .end = VMALLOC_END,
				   .place = PLACE_TOP,
				   .by_hand = true,
				   .gfp = GFP_KERNEL};
	struct area *area;

	if (!far_apart())
		test_skip("something lies at the start of the region");
	vm_unmap_aliases();
	area = vmap_area_alloc(&top);
	require(area);
	expect(!far_apart());
	vmap_area_free(area, NULL);
	expect(far_apart());
}

TEST(pcpu_areas, refused_sums, "offsets whose areas end beyond all addresses are refused")
{
	const unsigned long behind_zero[] = {0, -PAGE_SIZE}, half[] = {0, 1ul << 63};
	const unsigned long below[] = {-PMD_SIZE, 0}, below_last[] = {0, -PMD_SIZE};
	const size_t sizes[] = {PAGE_SIZE, 2 * PAGE_SIZE}, halves[] = {PAGE_SIZE, 1ul << 63};

	expect(!pcpu_get_vm_areas(behind_zero, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, halves, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, sizes, 1, 0));
	/* nor is an offset one downwards */
	expect(!pcpu_get_vm_areas(below, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(below_last, sizes, 2, PAGE_SIZE));
}

TEST(pcpu_areas, refused_close, "areas that leave no room for the guard between them are refused")
{
	unsigned long guard = vmap_area_guard() * PAGE_SIZE;
	unsigned long close[] = {0, guard}, far[] = {0, PAGE_SIZE + guard};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms;

	expect(!pcpu_get_vm_areas(close, sizes, 2, PAGE_SIZE));
	vms = pcpu_get_vm_areas(far, sizes, 2, PAGE_SIZE);
	require(vms);
	pcpu_free_vm_areas(vms, 2);
}

TEST(pcpu_areas, refused, "offsets that overlap or are not aligned are refused")
{
	const unsigned long overlap[] = {0, PAGE_SIZE}, odd[] = {0, 3 * PAGE_SIZE};
	const size_t sizes[] = {2 * PAGE_SIZE, PAGE_SIZE}, broken[] = {PAGE_SIZE, 1, 0, PAGE_SIZE};
	const unsigned long last_two[] = {0, 4 * PAGE_SIZE, 5 * PAGE_SIZE};
	const size_t three[] = {PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE};
	const unsigned long far[] = {0, VMALLOC_END - VMALLOC_START};
	/* There is room for the span, but early areas and their guards lie at its start. */
	const unsigned long nearly[] = {0, VMALLOC_END - VMALLOC_START - 3 * PAGE_SIZE};

	expect(!pcpu_get_vm_areas(overlap, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(last_two, three, 3, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, 2 * PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 0, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, 3 * PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, PAGE_SIZE / 2));
	expect(!pcpu_get_vm_areas(odd, broken, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, broken + 2, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(far, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(nearly, sizes, 2, PAGE_SIZE));
}

TEST(percpu_alloc, copies, "each CPU has a copy of its own, cleared")
{
	uint64_t *p = alloc_percpu(uint64_t), *q = alloc_percpu(uint64_t);

	require(p && q);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		expect_equal(*per_cpu_ptr(p, cpu), 0);
		*per_cpu_ptr(p, cpu) = cpu + 1;
	}
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		expect_equal(*per_cpu_ptr(p, cpu), cpu + 1);
		expect_equal(*per_cpu_ptr(q, cpu), 0);
	}
	free_percpu(p);
	free_percpu(q);
	free_percpu(NULL);
}

TEST(percpu_alloc, sizes, "sizes and alignments up to a page are kept, larger ones refused")
{
	void *all[12];

	for (unsigned int i = 0; i < 12; i++) {
		all[i] = __alloc_percpu((size_t)8 << i, (size_t)2 << i);
		require(all[i]);
		expect_equal((uintptr_t)all[i] & (((size_t)2 << i) - 1), 0);
		memset(per_cpu_ptr(all[i], platform_nr_cpus() - 1), 0x5a, (size_t)8 << i);
	}
	expect(!__alloc_percpu(0, 8));
	expect(!__alloc_percpu(PERCPU_UNIT_BYTES + 1, 8));
	expect(!__alloc_percpu(8, 2 * PAGE_SIZE));
	expect(!__alloc_percpu(8, 24));
	free_percpu((char *)all[11] + 16);
	for (unsigned int i = 0; i < 12; i++)
		free_percpu(all[i]);
	free_percpu(all[0]);
}

TEST(percpu_alloc, lowest, "the lowest place that is large enough is taken")
{
	enum { NR = 200, A_WORD = 64 };
	char *all[NR], *first, *again;

	for (unsigned int i = 0; i < NR; i++)
		require((all[i] = __alloc_percpu(PERCPU_GRAIN, PERCPU_GRAIN)) != NULL);
	first = all[0];
	for (unsigned int i = 0; i < NR; i++) {
		free_percpu(all[i]);
		again = __alloc_percpu(1, 1);
		expect_equal((uintptr_t)again, (uintptr_t)all[i]);
	}
	/* One alone, then two where the bits of the next word begin. */
	for (unsigned int i = A_WORD; i + A_WORD < NR; i += A_WORD) {
		free_percpu(all[i - 4]);
		free_percpu(all[i]);
		free_percpu(all[i + 1]);
		again = __alloc_percpu(2 * PERCPU_GRAIN, PERCPU_GRAIN);
		expect_equal((uintptr_t)again, (uintptr_t)all[i]);
		free_percpu(again);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i - 4]);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i]);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i + 1]);
	}
	expect_equal((uintptr_t)all[NR - 1], (uintptr_t)first + (NR - 1) * PERCPU_GRAIN);
	for (unsigned int i = 0; i < NR; i++)
		free_percpu(all[i]);
}

TEST(percpu_alloc, whole_unit,
     "as much as a unit has can be had, and where it is full, the next one")
{
	void *unit = __alloc_percpu(PERCPU_UNIT_BYTES, PAGE_SIZE), *small = __alloc_percpu(8, 8);

	expect(unit && small);
	expect(small &&
	       ((char *)small < (char *)unit || (char *)small >= (char *)unit + PERCPU_UNIT_BYTES));
	free_percpu(unit);
	free_percpu(small);
}

TEST(percpu_alloc, no_room_aligned,
     "where there is no room at one alignment, there still is at another one")
{
	enum { REST = PAGE_SIZE / 2 };
	char *unit = __alloc_percpu(PERCPU_UNIT_BYTES - REST, PAGE_SIZE);
	char *aligned = __alloc_percpu(1, PAGE_SIZE);
	char *filling = __alloc_percpu(PERCPU_UNIT_BYTES - PERCPU_GRAIN, 1);
	char *rest = __alloc_percpu(REST, 2 * PERCPU_GRAIN);

	require(unit && aligned && filling && rest);
	expect_equal((uintptr_t)filling, (uintptr_t)aligned + PERCPU_GRAIN);
	expect_equal((uintptr_t)rest, (uintptr_t)unit + PERCPU_UNIT_BYTES - REST);
	free_percpu(unit);
	free_percpu(aligned);
	free_percpu(filling);
	free_percpu(rest);
}

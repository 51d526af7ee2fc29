/* SPDX-License-Identifier: BSD-2-Clause */
#include "percpu_alloc.h"
#include "lib/string.h"
#include "slab.h"
#include "vm_area.h"

enum {
	GRAINS = PERCPU_UNIT_BYTES / PERCPU_GRAIN,
	UNIT_PAGES = PERCPU_UNIT_BYTES >> PAGE_SHIFT,
	NR_ALIGNS = 9, /* of 1 to PAGE_SIZE / PERCPU_GRAIN grains */
};

struct chunk {
	struct chunk *next;
	struct vm_struct **areas; /* one a CPU */
	struct page **pages;	  /* UNIT_PAGES for each CPU */
	unsigned int used;	  /* grains */
	unsigned int hint;	  /* no free grain before it */
	uint16_t most[NR_ALIGNS]; /* at each alignment there is no room for more grains than that */
	uint16_t length[GRAINS];  /* of what begins at a grain; 0: nothing does */
	uint64_t taken[GRAINS / 64]; /* a bit a grain */
};

static struct spinlock lock = SPINLOCK("percpu_alloc", LOCK_RANK_VM_MAP_RAM);
static struct chunk *chunks;

/* A unit and the guards around it. */
size_t percpu_stride(void)
{
	return 2 * PERCPU_UNIT_BYTES + 16 * PAGE_SIZE;
}

static struct vm_struct **reserve(unsigned int cpus)
{
	unsigned long *offsets = kmalloc_array(cpus, sizeof(*offsets), GFP_KERNEL);
	size_t *sizes = kmalloc_array(cpus, sizeof(*sizes), GFP_KERNEL);
	struct vm_struct **areas = NULL;

	for (unsigned int i = 0; offsets && sizes && i < cpus; i++) {
		offsets[i] = i * percpu_stride();
		sizes[i] = PERCPU_UNIT_BYTES;
	}
	if (offsets && sizes)
		areas = pcpu_get_vm_areas(offsets, sizes, (int)cpus, PAGE_SIZE);
	kfree(offsets);
	kfree(sizes);
	return areas;
}

/* Each CPU's frames come from its node. */
static bool get_pages(struct page **pages, unsigned int cpus)
{
	for (unsigned int i = 0; i < cpus; i++) {
		struct page **unit = pages + i * UNIT_PAGES;

		if (alloc_pages_bulk_array_node(GFP_KERNEL, cpu_to_node(i), UNIT_PAGES, unit) !=
		    UNIT_PAGES)
			return false;
	}
	return true;
}

static bool map_units(struct chunk *chunk, unsigned int cpus)
{
	for (unsigned int i = 0; i < cpus; i++) {
		unsigned long start = (unsigned long)(uintptr_t)chunk->areas[i]->addr;

		if (vmap_pages_range(start, start + PERCPU_UNIT_BYTES, PAGE_KERNEL,
				     chunk->pages + i * UNIT_PAGES, PAGE_SHIFT))
			return false;
	}
	return true;
}

static void free_chunk(struct chunk *chunk)
{
	unsigned int cpus = platform_nr_cpus();

	if (chunk->areas)
		pcpu_free_vm_areas(chunk->areas, (int)cpus);
	for (unsigned int i = 0; chunk->pages && i < cpus * UNIT_PAGES; i++)
		if (chunk->pages[i])
			__free_page(chunk->pages[i]);
	kfree(chunk->pages);
	kvfree(chunk);
}

/* There may be room for anything. */
static void forget_full(struct chunk *chunk)
{
	for (unsigned int shift = 0; shift < NR_ALIGNS; shift++)
		chunk->most[shift] = GRAINS;
}

static struct chunk *new_chunk(void)
{
	unsigned int cpus = platform_nr_cpus();
	struct chunk *chunk = kvzalloc(sizeof(*chunk), GFP_KERNEL);

	if (!chunk)
		return NULL;
	forget_full(chunk);
	chunk->pages = kcalloc(cpus * UNIT_PAGES, sizeof(*chunk->pages), GFP_KERNEL);
	chunk->areas = reserve(cpus);
	if (chunk->pages && chunk->areas && get_pages(chunk->pages, cpus) && map_units(chunk, cpus))
		return chunk;
	free_chunk(chunk);
	return NULL;
}

/* The first grain of [from, end) that is taken, or free; `end`: none. */
static unsigned int next_grain(const struct chunk *chunk, unsigned int from, unsigned int end,
			       bool taken)
{
	while (from < end) {
		uint64_t word = chunk->taken[from / 64] ^ (taken ? 0 : UINT64_MAX);

		word >>= from % 64;
		if (word != 0) {
			from += (unsigned int)__builtin_ctzl(word);
			return from < end ? from : end;
		}
		from = (from | 63) + 1;
	}
	return end;
}

/* The first place for `nr` grains at a multiple of `align`; GRAINS: none. The lock is held. */
static unsigned int find(const struct chunk *chunk, unsigned int nr, unsigned int align)
{
	unsigned int at = chunk->hint, start;

	while ((start = (at + align - 1) & ~(align - 1)) + nr <= GRAINS) {
		at = next_grain(chunk, start, start + nr, true);
		if (at == start + nr)
			return start;
		at = next_grain(chunk, at, GRAINS, false);
	}
	return GRAINS;
}

/* What is known of the room in a chunk, where there is none for `nr` grains at 1 << `shift`. */
static void note_full(struct chunk *chunk, unsigned int nr, unsigned int shift)
{
	for (; shift < NR_ALIGNS; shift++)
		if (chunk->most[shift] >= nr)
			chunk->most[shift] = (uint16_t)(nr - 1);
}

static void mark(struct chunk *chunk, unsigned int start, unsigned int nr, bool taken)
{
	for (unsigned int i = start; i < start + nr; i++)
		chunk->taken[i / 64] ^= (uint64_t)1 << i % 64;
	chunk->length[start] = taken ? (uint16_t)nr : 0;
	chunk->used += taken ? nr : -nr;
	if (!taken && start < chunk->hint)
		chunk->hint = start;
	chunk->hint = next_grain(chunk, chunk->hint, GRAINS, false);
	if (!taken)
		forget_full(chunk);
}

static void *take(unsigned int nr, unsigned int align)
{
	unsigned int shift = (unsigned int)__builtin_ctz(align);
	void *found = NULL;

	spin_lock(&lock);
	for (struct chunk *chunk = chunks; chunk && !found; chunk = chunk->next) {
		unsigned int start;

		if (chunk->most[shift] < nr)
			continue;
		start = find(chunk, nr, align);
		if (start == GRAINS) {
			note_full(chunk, nr, shift);
			continue;
		}
		mark(chunk, start, nr, true);
		found = (char *)chunk->areas[0]->addr + start * PERCPU_GRAIN;
	}
	spin_unlock(&lock);
	return found;
}

static bool add_chunk(void)
{
	struct chunk *chunk = new_chunk();

	if (!chunk)
		return false;
	spin_lock(&lock);
	chunk->next = chunks;
	chunks = chunk;
	spin_unlock(&lock);
	return true;
}

void *__alloc_percpu(size_t size, size_t align)
{
	unsigned int nr = (unsigned int)((size + PERCPU_GRAIN - 1) / PERCPU_GRAIN), steps;
	char *p;

	if (!vmap_area_is_up() || !vm_may_wait("alloc_percpu", GFP_KERNEL, CALLER_OF_THIS))
		return NULL;
	if (size == 0 || size > PERCPU_UNIT_BYTES || align > PAGE_SIZE || align & (align - 1)) {
		vm_refuse("alloc_percpu", CALLER_OF_THIS, "%zu bytes at %zu", size, align);
		return NULL;
	}
	steps = align <= PERCPU_GRAIN ? 1 : (unsigned int)align / PERCPU_GRAIN;
	while (!(p = take(nr, steps)))
		if (!add_chunk())
			return NULL;
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		memset(per_cpu_ptr(p, cpu), 0, nr * PERCPU_GRAIN);
	return p;
}

/* Takes out what begins at `p`; false: nothing does. */
static bool give(uintptr_t p)
{
	bool given = false;

	spin_lock(&lock);
	for (struct chunk *chunk = chunks; chunk && !given; chunk = chunk->next) {
		uintptr_t offset = p - (uintptr_t)chunk->areas[0]->addr;
		unsigned int start = (unsigned int)(offset / PERCPU_GRAIN);

		if (offset >= PERCPU_UNIT_BYTES || offset % PERCPU_GRAIN || !chunk->length[start])
			continue;
		mark(chunk, start, chunk->length[start], false);
		given = true;
	}
	spin_unlock(&lock);
	return given;
}

void free_percpu(void *pointer)
{
	if (!pointer)
		return;
	if (!vm_may_wait("free_percpu", GFP_KERNEL, CALLER_OF_THIS))
		return;
	if (!give((uintptr_t)pointer))
		vm_refuse_address("free_percpu", CALLER_OF_THIS, pointer);
}

void percpu_drain(void)
{
	struct chunk *idle = NULL, **link = &chunks, *chunk;

	spin_lock(&lock);
	while ((chunk = *link)) {
		if (chunk->used > 0) {
			link = &chunk->next;
			continue;
		}
		*link = chunk->next;
		chunk->next = idle;
		idle = chunk;
	}
	spin_unlock(&lock);
	while ((chunk = idle)) {
		idle = chunk->next;
		free_chunk(chunk);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "translations.h"
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A single page amid reserved space costs two mappings, its own and one more piece of reservation:
 * half of vm.max_map_count (65,530) would do; the process and its sanitizer need some as well.
 */
enum { SLOTS = 16384, BUCKETS = 32768, RANGES = 2 };

struct slot {
	uint64_t virt, size; /* size 0: not in use */
	bool global;
	int next; /* in its bucket */
};

static struct slot slots[SLOTS];
static int buckets[BUCKETS]; /* slot number + 1; 0: empty */
static unsigned int oldest;  /* the slot to use next: first in, first out */
static unsigned int touched; /* no slot from here on was used since the last flush of all */
static int memory_fd;
static struct {
	uint64_t start, end;
} ranges[RANGES];
static struct translations_stats stats = {.room = SLOTS};
static uint32_t lock;

static void take(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void release(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

bool translations_busy(void)
{
	return __atomic_load_n(&lock, __ATOMIC_RELAXED);
}

/* The system call itself: sanitizers' mmap() does work that a signal handler must not do. */
static bool map(uint64_t virt, uint64_t size, int protection, int flags, int fd, uint64_t offset)
{
	long at = syscall(SYS_mmap, virt, size, protection, flags, fd, offset);

	return (uint64_t)at == virt;
}

static bool reserve(uint64_t virt, uint64_t size, int fixed)
{
	return map(virt, size, PROT_NONE, fixed | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		   0);
}

bool translations_reserve(uint64_t start, uint64_t end)
{
	unsigned int i = 0;

	while (i < RANGES && ranges[i].end)
		i++;
	if (i == RANGES || !reserve(start, end - start, MAP_FIXED_NOREPLACE))
		return false;
	ranges[i].start = start;
	ranges[i].end = end;
	return true;
}

bool translations_covers(uint64_t address)
{
	for (unsigned int i = 0; i < RANGES; i++)
		if (address >= ranges[i].start && address < ranges[i].end)
			return true;
	return false;
}

void translations_set_memory(int fd)
{
	memory_fd = fd;
}

static int *bucket_of(uint64_t virt, uint64_t size)
{
	return &buckets[(virt / size * 0x9e3779b97f4a7c15 ^ size) >> 17 & (BUCKETS - 1)];
}

/* Where the number of the slot for exactly this leaf is kept; NULL: there is none. */
static int *find(uint64_t virt, uint64_t size)
{
	int *link = bucket_of(virt, size);

	for (; *link; link = &slots[*link - 1].next) {
		const struct slot *slot = &slots[*link - 1];

		if (slot->virt == virt && slot->size == size)
			return link;
	}
	return NULL;
}

static void drop(int *link)
{
	struct slot *slot = &slots[*link - 1];

	*link = slot->next;
	reserve(slot->virt, slot->size, MAP_FIXED);
	*slot = (struct slot){0};
	stats.used--;
}

static void drop_slot(struct slot *slot)
{
	drop(find(slot->virt, slot->size));
}

static void drop_page(uint64_t address)
{
	static const uint64_t sizes[] = {1 << 12, 1 << 21, 1 << 30};

	for (unsigned int i = 0; i < 3; i++) {
		int *link = find(address & ~(sizes[i] - 1), sizes[i]);

		if (link)
			drop(link);
	}
}

/* A larger leaf may take the place of smaller ones that are stale, and the other way round. */
static void drop_overlaps(uint64_t virt, uint64_t size)
{
	drop_page(virt);
	if (size == 1 << 12)
		return;
	for (unsigned int i = 0; i < touched; i++)
		if (slots[i].size && slots[i].virt - virt < size)
			drop_slot(&slots[i]);
}

/* A free one where there is one, else the oldest. */
static struct slot *free_slot(void)
{
	struct slot *slot;

	while (stats.used < SLOTS && slots[oldest].size)
		oldest = (oldest + 1) % SLOTS;
	slot = &slots[oldest];
	if (touched <= oldest)
		touched = oldest + 1;
	oldest = (oldest + 1) % SLOTS;
	if (slot->size) {
		drop_slot(slot);
		stats.evictions++;
	}
	return slot;
}

/* Everything goes by one system call a range. */
static void drop_all(void)
{
	for (unsigned int i = 0; i < RANGES; i++)
		if (ranges[i].end)
			reserve(ranges[i].start, ranges[i].end - ranges[i].start, MAP_FIXED);
	for (unsigned int i = 0; i < touched; i++)
		if (slots[i].size)
			*bucket_of(slots[i].virt, slots[i].size) = 0;
	for (unsigned int i = 0; i < touched; i++)
		slots[i] = (struct slot){0};
	stats.used = oldest = touched = 0;
}

/* A page that is not dirty yet stays read-only, so that the first write sets the flag. */
static int protection_of(const struct mmu_leaf *leaf)
{
	return PROT_READ | (leaf->write && leaf->dirty ? PROT_WRITE : 0) |
	       (leaf->execute ? PROT_EXEC : 0);
}

static bool map_leaf(const struct mmu_leaf *leaf)
{
	return map(leaf->virt, leaf->size, protection_of(leaf), MAP_FIXED | MAP_SHARED, memory_fd,
		   leaf->phys);
}

/* When the process has too many mappings after all, an empty TLB serves as well as a full one. */
static void insert(const struct mmu_leaf *leaf)
{
	struct slot *slot;
	int *bucket;

	drop_overlaps(leaf->virt, leaf->size);
	if (!map_leaf(leaf)) {
		drop_all();
		if (!map_leaf(leaf))
			__builtin_trap();
	}
	slot = free_slot();
	bucket = bucket_of(leaf->virt, leaf->size);
	*slot = (struct slot){leaf->virt, leaf->size, leaf->global, *bucket};
	*bucket = (int)(slot - slots) + 1;
	stats.fills++;
	if (++stats.used > stats.used_most)
		stats.used_most = stats.used;
}

bool translations_fill(const struct mmu *mmu, uint64_t address, enum mmu_access access,
		       unsigned int *error)
{
	struct mmu_leaf leaf;
	bool translated;

	take();
	translated = mmu_translate(mmu, address, access, &leaf, error);
	if (!translated)
		drop_page(address);
	else
		insert(&leaf);
	release();
	return translated;
}

void translations_flush_page(uint64_t address)
{
	take();
	drop_page(address);
	release();
}

void translations_flush(bool globals_too)
{
	take();
	if (globals_too)
		drop_all();
	for (unsigned int i = 0; i < touched; i++)
		if (slots[i].size && !slots[i].global)
			drop_slot(&slots[i]);
	release();
}

void translations_get_stats(struct translations_stats *out)
{
	take();
	*out = stats;
	release();
}

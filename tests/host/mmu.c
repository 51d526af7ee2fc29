/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"
#include <stddef.h>

/* An entry taken apart (tables 4-14 to 4-20). */
struct decoded {
	bool present, reserved, leaf, write, user, no_execute, accessed, dirty, global;
	unsigned int pat;
	uint64_t phys;
};

static bool bit(uint64_t value, unsigned int nr)
{
	return value >> nr & 1;
}

/* Bits `low` to `high`, both included, in place. */
static uint64_t bits(uint64_t value, unsigned int high, unsigned int low)
{
	return value & (~(uint64_t)0 >> (63 - high)) & (~(uint64_t)0 << low);
}

/* A page of level 1, 2, 3 is 4 KiB, 2 MiB, 1 GiB: each level translates nine bits more. */
static unsigned int low_bits(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

/* What must be zero in a present entry (4.5.4; "Reserved" in figure 4-11). */
static bool has_reserved(const struct mmu *mmu, uint64_t entry, unsigned int level)
{
	bool page_size = level > 1 && bit(entry, 7);

	if (mmu->phys_bits < 52 && bits(entry, 51, mmu->phys_bits))
		return true;
	if (bit(entry, 63) && !(mmu->efer & MMU_EFER_NXE))
		return true;
	if (!page_size)
		return false;
	if (level >= 4 || (level == 3 && !mmu->gib_leaves))
		return true;
	return bits(entry, low_bits(level) - 1, 13) != 0;
}

static struct decoded decode(const struct mmu *mmu, uint64_t entry, unsigned int level)
{
	struct decoded decoded = {
		.present = bit(entry, 0),
		.write = bit(entry, 1),
		.user = bit(entry, 2),
		.accessed = bit(entry, 5),
		.dirty = bit(entry, 6),
		.leaf = level == 1 || bit(entry, 7),
		.global = bit(entry, 8),
		.no_execute = bit(entry, 63),
	};

	decoded.reserved = decoded.present && has_reserved(mmu, entry, level);
	decoded.phys = bits(entry, mmu->phys_bits - 1, decoded.leaf ? low_bits(level) : 12);
	decoded.pat = (unsigned int)(bit(entry, 3) | bit(entry, 4) << 1 |
				     bit(entry, level == 1 ? 7 : 12) << 2);
	return decoded;
}

unsigned int mmu_levels(const struct mmu *mmu)
{
	return mmu->cr4 & MMU_CR4_LA57 ? 5 : 4;
}

bool mmu_canonical(const struct mmu *mmu, uint64_t address)
{
	unsigned int width = mmu_levels(mmu) == 5 ? 57 : 48;
	uint64_t top = bits(address, 63, width - 1);

	return !top || top == bits(~(uint64_t)0, 63, width - 1);
}

static uint64_t *entry_at(const struct mmu *mmu, uint64_t table, unsigned int index)
{
	return (uint64_t *)(mmu->memory + table) + index;
}

static uint64_t read_entry(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* The entries used by one translation: path[0] stands in the root table. */
struct path {
	uint64_t *entries[5];
	unsigned int length;
	bool write, user, no_execute;
	struct decoded last;
	unsigned int level; /* of the last entry */
};

/* Follows `address` down; false: it ends at an entry that is not present or not valid. */
static bool follow(const struct mmu *mmu, uint64_t address, struct path *path)
{
	uint64_t table = bits(mmu->cr3, mmu->phys_bits - 1, 12);

	*path = (struct path){.write = true, .user = true, .level = mmu_levels(mmu)};
	for (;; path->level--) {
		unsigned int index = address >> low_bits(path->level) & 511;
		uint64_t *entry = entry_at(mmu, table, index);

		path->entries[path->length++] = entry;
		path->last = decode(mmu, read_entry(entry), path->level);
		if (!path->last.present || path->last.reserved)
			return false;
		path->write &= path->last.write;
		path->user &= path->last.user;
		path->no_execute |= path->last.no_execute;
		if (path->last.leaf)
			return true;
		table = path->last.phys;
	}
}

static struct mmu_leaf make_leaf(const struct mmu *mmu, uint64_t address, const struct path *path)
{
	uint64_t size = (uint64_t)1 << low_bits(path->level);
	bool no_execute = path->no_execute || (path->user && (mmu->cr4 & MMU_CR4_SMEP));

	return (struct mmu_leaf){
		.virt = address & ~(size - 1),
		.phys = path->last.phys,
		.size = size,
		.write = path->write || !(mmu->cr0 & MMU_CR0_WP),
		.execute = !no_execute,
		.user = path->user,
		.global = path->last.global && (mmu->cr4 & MMU_CR4_PGE),
		.dirty = path->last.dirty,
		.pat = path->last.pat,
	};
}

/* Access rights of supervisor mode (4.6.1), with EFLAGS.AC clear. */
static bool allowed(const struct mmu *mmu, const struct mmu_leaf *leaf, enum mmu_access access)
{
	if (access == MMU_FETCH)
		return leaf->execute;
	if (leaf->user && (mmu->cr4 & MMU_CR4_SMAP))
		return false;
	return access == MMU_READ || leaf->write;
}

/* I/D is reported only where fetches can be forbidden at all (4.7). */
static unsigned int error_code(const struct mmu *mmu, enum mmu_access access, unsigned int cause)
{
	bool tells_fetches = (mmu->efer & MMU_EFER_NXE) || (mmu->cr4 & MMU_CR4_SMEP);

	if (access == MMU_FETCH && tells_fetches)
		cause |= MMU_FAULT_ID;
	return cause | (access == MMU_WRITE ? MMU_FAULT_WR : 0);
}

/* Accessed in every entry used, dirty in the leaf (4.8). */
static void set_flags(const struct path *path, enum mmu_access access)
{
	for (unsigned int i = 0; i < path->length; i++) {
		uint64_t flags = 1 << 5;

		if (i == path->length - 1 && access == MMU_WRITE)
			flags |= 1 << 6;
		if ((read_entry(path->entries[i]) & flags) != flags)
			__atomic_fetch_or(path->entries[i], flags, __ATOMIC_RELAXED);
	}
}

bool mmu_translate(const struct mmu *mmu, uint64_t address, enum mmu_access access,
		   struct mmu_leaf *leaf, unsigned int *error)
{
	struct mmu_leaf found;
	struct path path;

	if (!follow(mmu, address, &path)) {
		bool reserved = path.last.present;

		*error = error_code(mmu, access, reserved ? MMU_FAULT_P | MMU_FAULT_RSVD : 0);
		return false;
	}
	found = make_leaf(mmu, address, &path);
	if (!allowed(mmu, &found, access)) {
		*error = error_code(mmu, access, MMU_FAULT_P);
		return false;
	}
	set_flags(&path, access);
	found.dirty |= access == MMU_WRITE;
	*leaf = found;
	return true;
}

bool mmu_look_up(const struct mmu *mmu, uint64_t address, struct mmu_leaf *leaf)
{
	struct path path;

	if (!follow(mmu, address, &path))
		return false;
	*leaf = make_leaf(mmu, address, &path);
	return true;
}

static uint64_t sign_extend(const struct mmu *mmu, uint64_t address)
{
	unsigned int unused = mmu_levels(mmu) == 5 ? 7 : 16;

	return (uint64_t)((int64_t)(address << unused) >> unused);
}

/* `above` says what the levels above allow. */
static void visit_table(const struct mmu *mmu, const struct mmu_visitor *visitor, uint64_t table,
			uint64_t virt, const struct path *above)
{
	if (visitor->table)
		visitor->table(visitor->context, above->level, table);
	for (unsigned int index = 0; index < 512; index++) {
		uint64_t raw = read_entry(entry_at(mmu, table, index));
		uint64_t here = virt + ((uint64_t)index << low_bits(above->level));
		struct path path = *above;
		struct mmu_leaf leaf;

		path.last = decode(mmu, raw, path.level);
		path.write &= path.last.write;
		path.user &= path.last.user;
		path.no_execute |= path.last.no_execute;
		if (!path.last.present)
			continue;
		if (path.last.reserved) {
			if (visitor->reserved)
				visitor->reserved(visitor->context, path.level,
						  sign_extend(mmu, here), raw);
		} else if (path.last.leaf) {
			leaf = make_leaf(mmu, sign_extend(mmu, here), &path);
			if (visitor->leaf)
				visitor->leaf(visitor->context, &leaf);
		} else {
			path.level--;
			visit_table(mmu, visitor, path.last.phys, here, &path);
		}
	}
}

void mmu_visit(const struct mmu *mmu, const struct mmu_visitor *visitor)
{
	struct path root = {.write = true, .user = true, .level = mmu_levels(mmu)};

	visit_table(mmu, visitor, bits(mmu->cr3, mmu->phys_bits - 1, 12), 0, &root);
}

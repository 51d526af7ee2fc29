/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"
#include "console.h"
#include "dump.h"
#include "instructions.h"
#include "ioremap.h"
#include "lib/string.h"
#include "map.h"
#include "mm.h"
#include "page_alloc.h"
#include "reclaim.h"
#include "set_memory.h"
#include "vmalloc.h"
#include "vmallocinfo.h"

/* QEMU's docs/specs/pvpanic: bit 0 says that the guest has panicked. */
enum { PVPANIC_PORT = 0x505, PVPANIC_PANICKED = 1 };

/* The local APIC's registers, where every x86 CPU has them at first (Intel SDM vol. 3A, 11.4.1). */
#define APIC_PHYS ((phys_addr_t)0xfee00000)

enum { ALIASED_PAGES = 5 };

static void log_text(void *unused, const char *text)
{
	(void)unused;
	log_note("%s", text);
}

void stop_dump(void)
{
	vmallocinfo(log_text, NULL);
	dump_space(space_current(), log_text, NULL);
}

/* Whether `word` is one of the comma-separated words of `list`. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; *list; list++) {
		if (!strncmp(list, word, length) && (list[length] == ',' || !list[length]))
			return true;
		while (*list && *list != ',')
			list++;
		if (!*list)
			break;
	}
	return false;
}

void stop_at(const char *moments, const char *moment)
{
	if (!has_word(moments, moment))
		return;
	stop_dump();
	log_note("stop: %s", moment);
	out8(PVPANIC_PORT, PVPANIC_PANICKED);
}

static void *alias_of(void *area)
{
	struct page *pages[ALIASED_PAGES];

	for (unsigned int i = 0; i < ALIASED_PAGES; i++)
		pages[i] = vmalloc_to_page((char *)area + i * PAGE_SIZE);
	return vmap(pages, ALIASED_PAGES, VM_MAP, PAGE_KERNEL_RO);
}

/* Areas of every kind, and a frame. What is not there is NULL, and can be freed as well. */
static struct {
	char *pages, *large, *cleared, *alias;
	void *device;
	unsigned long frame;
} made;

static void make_areas(void)
{
	made.pages = vmalloc(ALIASED_PAGES * PAGE_SIZE);
	made.large = vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_KERNEL);
	made.cleared = vzalloc(1);
	made.alias = made.pages ? alias_of(made.pages) : NULL;
	made.device = ioremap(APIC_PHYS, PAGE_SIZE);
	made.frame = __get_free_page(GFP_KERNEL);
}

static void free_areas(void)
{
	iounmap(made.device);
	vunmap(made.alias);
	vfree(made.cleared);
	vfree(made.large);
	vfree(made.pages);
	free_page(made.frame);
}

/* For the witness, who is to know what we mean to be there. */
static void say_protected(uintptr_t start, unsigned int pages, int error, const char *how)
{
	if (!error)
		log_note("protected: 0x%llx-0x%llx %s", (unsigned long long)start,
			 (unsigned long long)(start + pages * PAGE_SIZE), how);
}

/* Permissions in the middle of areas, one of them large, and of a frame in the direct map. */
static void stop_at_set_memory(const char *moments)
{
	uintptr_t pages = (uintptr_t)made.pages, large = (uintptr_t)made.large;

	if (!has_word(moments, "set_memory") || !pages || !large || !made.frame)
		return;
	say_protected(pages + PAGE_SIZE, 1, set_memory_ro(pages + PAGE_SIZE, 1), "r--");
	say_protected(large + 3 * PAGE_SIZE, 2, set_memory_rox(large + 3 * PAGE_SIZE, 2), "r-x");
	say_protected(made.frame, 1, set_memory_np(made.frame, 1), "---");
	stop_at(moments, "set_memory");
	set_memory_rw(pages + PAGE_SIZE, 1);
	set_memory_nx(large + 3 * PAGE_SIZE, 2);
	set_memory_rw(large + 3 * PAGE_SIZE, 2);
	set_memory_p(made.frame, 1);
}

/* With another root in CR3, and a page that it alone maps. */
static void stop_at_space(const char *moments)
{
	static struct space space;
	struct space *before;
	uintptr_t start, end;

	if (!has_word(moments, "space") || !made.frame || space_create(&space))
		return;
	before = space_switch(&space);
	start = space_user_start(&space);
	end = start + PAGE_SIZE;
	if (!map_range(&space, start, virt_to_phys((void *)made.frame), PAGE_SIZE, PAGE_KERNEL,
		       LEVEL_PTE))
		log_note("own: 0x%llx-0x%llx 0x%llx", (unsigned long long)start,
			 (unsigned long long)end,
			 (unsigned long long)virt_to_phys((void *)made.frame));
	stop_at(moments, "space");
	unmap_range(&space, start, PAGE_SIZE);
	reclaim_tables(&space, start, end);
	space_switch(before);
	space_destroy(&space);
}

void stop_at_areas(const char *moments)
{
	if (!moments[0])
		return;
	make_areas();
	stop_at(moments, "areas");
	stop_at_set_memory(moments);
	stop_at_space(moments);
	free_areas();
	stop_at(moments, "freed");
	mm_quiesce();
	stop_at(moments, "purged");
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"
#include "console.h"
#include "dump.h"
#include "instructions.h"
#include "ioremap.h"
#include "lib/string.h"
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
	dump_space(&kernel_space, log_text, NULL);
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

void stop_at_areas(const char *moments)
{
	void *pages, *large, *cleared, *alias, *device;

	if (!has_word(moments, "areas") && !has_word(moments, "freed"))
		return;
	pages = vmalloc(ALIASED_PAGES * PAGE_SIZE);
	large = vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_KERNEL);
	cleared = vzalloc(1);
	alias = pages ? alias_of(pages) : NULL;
	device = ioremap(APIC_PHYS, PAGE_SIZE);
	stop_at(moments, "areas");
	iounmap(device);
	vunmap(alias);
	vfree(cleared);
	vfree(large);
	vfree(pages);
	vm_unmap_aliases();
	stop_at(moments, "freed");
}

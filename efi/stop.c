/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"
#include "console.h"
#include "dump.h"
#include "instructions.h"
#include "lib/string.h"
#include "option_value.h"
#include "vmalloc.h"
#include "vmallocinfo.h"

/* QEMU's docs/specs/pvpanic: bit 0 says that the guest has panicked. */
enum { PVPANIC_PORT = 0x505, PVPANIC_PANICKED = 1 };

enum { ALIASED_PAGES = 5, KINDS = 4 };

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

void stop_at_areas(const char *moments)
{
	struct page *pages[ALIASED_PAGES];
	void *areas[KINDS] = {NULL};

	if (!has_word(moments, "areas"))
		return;
	areas[0] = vmalloc(ALIASED_PAGES * PAGE_SIZE);
	areas[1] = vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_KERNEL);
	areas[2] = vzalloc(1);
	if (areas[0]) {
		for (unsigned int i = 0; i < ALIASED_PAGES; i++)
			pages[i] = vmalloc_to_page((char *)areas[0] + i * PAGE_SIZE);
		areas[3] = vmap(pages, ALIASED_PAGES, VM_MAP, PAGE_KERNEL_RO);
	}
	stop_at(moments, "areas");
	vunmap(areas[3]);
	for (unsigned int i = 0; i < KINDS - 1; i++)
		vfree(areas[i]);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "set_memory.h"

/*
 * Permissions of the pages that set_memory_*() changed, and what the processor makes of them. A
 * page that is read-only or executable has a RET in it, where no pattern stands (contents.c).
 */

bool is_absent(const struct held *slot, size_t page)
{
	return page < PROTECTED && slot->absent >> page & 1;
}

uintptr_t protection_code(const struct held *slot, size_t page)
{
	size_t used = slot->bytes - page * PAGE_SIZE, middle = PAGE_SIZE / 2;
	bool ends_there = used > middle && used < middle + 2 * CONTENTS_EDGE;

	return slot->start + page * PAGE_SIZE + (ends_there ? middle / 2 : middle);
}

bool is_protected(const struct held *slot)
{
	return slot->ro | slot->exec | slot->absent;
}

static size_t nr_protected(const struct held *slot)
{
	return slot->nr_pages < PROTECTED ? slot->nr_pages : PROTECTED;
}

void protection_undo(struct held *slot)
{
	int nr = (int)nr_protected(slot);

	if (!is_protected(slot))
		return;
	if (slot->absent)
		same(set_memory_p(slot->start, nr), 0);
	if (slot->exec)
		same(set_memory_nx(slot->start, nr), 0);
	if (slot->ro)
		same(set_memory_rw(slot->start, nr), 0);
	slot->ro = slot->exec = slot->absent = 0;
}

void protection_check(const struct held *slot, size_t page)
{
	uintptr_t code = protection_code(slot, page);

	if (page >= PROTECTED)
		return;
	same(fault_expect_read(code), slot->absent >> page & 1);
	same(fault_expect_write(code + 1), (slot->ro | slot->absent) >> page & 1);
	if (!((slot->exec & ~slot->absent) >> page & 1))
		holds(fault_expect_fetch(code));
	else
		holds(!fault_expect_fetch(code));
}

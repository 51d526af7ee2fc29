/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "page_alloc.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/*
 * Calls from an exception handler. A describer (fault.h) runs in one: while it is armed it makes
 * the calls, when a fault that nobody expected is reported.
 */

static bool armed, ran;
static void *area, *in_handler[2];
static unsigned int made_atomic, waited;
static struct page *page;

static unsigned int lines;

static void count_line(const char *line)
{
	(void)line;
	lines++;
}

static void make_calls(void)
{
	in_handler[0] = vmalloc(PAGE_SIZE);
	in_handler[1] = __vmalloc(3 * PAGE_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	made_atomic = in_handler[1] != NULL;
	waited += vzalloc(1) != NULL;
	waited += vmap(&page, 1, VM_MAP, PAGE_KERNEL) != NULL;
	waited += vm_map_ram(&page, 1, NUMA_NO_NODE) != NULL;
	waited += get_vm_area(PAGE_SIZE, VM_MAP) != NULL;
	waited += vrealloc(area, 5 * PAGE_SIZE, GFP_KERNEL) != NULL;
	vm_unmap_aliases();
	vmalloc_to_pfn(area);
	find_vm_area(area);
	vfree(in_handler[1]);
	vfree(area);
	lines = 0;
	log_divert(count_line);
	vfree(area);
	log_divert(NULL);
}

static bool describe(uintptr_t address, char *buffer, size_t size)
{
	(void)address;
	(void)buffer;
	(void)size;
	if (armed && fault_in_handler()) {
		armed = false;
		ran = true;
		make_calls();
	}
	return false;
}

static void provoke(void)
{
	struct fault_catch catch;

	if (fault_catch(&catch) == 0) {
		*(volatile char *)(VMALLOC_START - 1); /* in no region: every describer is asked */
		fault_catch_end();
	}
}

TEST(vmalloc_handler, calls, "in a handler nothing waits, atomic calls may do, vfree is put off")
{
	static bool added;
	unsigned long pages;

	if (!added)
		fault_add_describer(describe);
	added = true;
	area = vmalloc(2 * PAGE_SIZE);
	page = alloc_page(GFP_KERNEL);
	require(area && page);
	pages = vmalloc_nr_pages();
	waited = 0;
	ran = false;
	armed = true;
	provoke();
	armed = false;
	require(ran);
	expect(!in_handler[0]);
	expect_equal(waited, 0);
	expect_equal(lines, 0); /* that it is free already is said at the drain */
	test_note("GFP_ATOMIC in a handler: %s", made_atomic ? "an area" : "NULL");
	expect(!find_vm_area(area));
	vm_unmap_aliases(); /* a chance for what was put off */
	expect(!vmalloc_to_page(area));
	expect_equal(vmalloc_nr_pages(), pages - 2);
	__free_page(page);
}

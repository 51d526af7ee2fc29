/* SPDX-License-Identifier: BSD-2-Clause */
#include "apart.h"
#include "fault_report.h"
#include "frames.h"
#include "free_space.h"
#include "host_log.h"
#include "layout.h"
#include "lib/format.h"
#include "page_alloc.h"
#include "slab.h"
#include "test.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "zone.h"

/* What is said to people about addresses, exceptions and failed allocations, word for word. */

static char said[4096], expected[4096];

static void expect_described(uintptr_t address, const char *text)
{
	char buffer[128];

	fault_describe(address, buffer, sizeof(buffer));
	expect_string(buffer, text);
}

TEST(report, values, "addresses that their value explains")
{
	expect_described(0, "NULL");
	expect_described(1, "NULL plus 0x1");
	expect_described(PAGE_SIZE - 1, "NULL plus 0xfff");
	expect_described(PAGE_SIZE, "in the lower half, not mapped");
	expect_described((uintptr_t)0xdead << 44, "not canonical");
	expect_described((uintptr_t)-1, "the error number -1 taken for a pointer");
	expect_described((uintptr_t)-4095, "the error number -4095 taken for a pointer");
	expect_described((uintptr_t)-4096, "in the upper half, not mapped");
}

TEST(report, places, "addresses by the region that they lie in, and what they permit")
{
	expect_described((uintptr_t)pfn_to_page(frame_end - 1), "in the page array, read-write");
	expect_described(VMALLOC_START - 1, "between the regions, not mapped");
	/* a third of the way: at its half other tests have areas */
	expect_described(VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 3,
			 "in the vmalloc region, in no area");
	scnprintf(expected, sizeof(expected),
		  "in the direct map, of physical address 0x%lx, not mapped",
		  layout.page_offset_end - layout.page_offset - 8);
	if (layout.page_offset_end - layout.page_offset > frame_end << PAGE_SHIFT)
		expect_described(layout.page_offset_end - 8, expected);
}

static const struct trap_frame registers = {
	.rax = 1,
	.rbx = 2,
	.rcx = 3,
	.rdx = 4,
	.rsi = 5,
	.rdi = 6,
	.rbp = 7,
	.rsp = 8,
	.r8 = 9,
	.r9 = 10,
	.r10 = 11,
	.r11 = 12,
	.r12 = 13,
	.r13 = 14,
	.r14 = 15,
	.r15 = 16,
	.rip = 0x10,
	.cs = 0x33,
	.ss = 0x2b,
	.rflags = 0x246,
	.error = 0x18,
};

TEST(report, registers, "every register stands beside its name")
{
	host_log_capture(said, sizeof(said));
	fault_report_registers(&registers);
	host_log_capture(NULL, 0);
	scnprintf(expected, sizeof(expected),
		  "rax %016x rbx %016x rcx %016x rdx %016x\nrsi %016x rdi %016x rbp %016x rsp "
		  "%016x\nr8  %016x r9  %016x r10 %016x r11 %016x\nr12 %016x r13 %016x r14 %016x "
		  "r15 %016x\nrip %016x cs 33 ss 2b rflags 246 error 18 cr3 %lx cr4 %lx\n",
		  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, platform_read_cr3(),
		  platform_read_cr4());
	expect_string(said, expected);
}

/* `begins`: the first line without "CPU 0: "; `contains`: somewhere in the lines. */
static void expect_report(uint64_t vector, uint64_t error, const char *summary,
			  const char *contains)
{
	char short_text[FAULT_SUMMARY_MAX] = "";
	struct trap_frame frame = registers;
	bool found = false;

	frame.vector = vector;
	frame.error = error;
	host_log_capture(said, sizeof(said));
	fault_report(&frame, 0x1234000, short_text);
	host_log_capture(NULL, 0);
	expect_string(short_text, summary);
	for (const char *at = said; contains[0] && *at && !found; at++)
		found = !strncmp(at, contains, strlen(contains));
	if (!found && contains[0])
		expect_string(said, contains);
}

TEST(report, exceptions, "an exception is named, and its error code read")
{
	expect_report(VECTOR_PF, 0, "page fault reading 0x1234000 (not mapped) at 0x10",
		      "that address is in the lower half, not mapped\n");
	expect_report(VECTOR_PF, PF_WRITE | PF_PRESENT,
		      "page fault writing 0x1234000 (not allowed by its tables) at 0x10", "rax ");
	expect_report(VECTOR_PF, PF_RESERVED | PF_PRESENT,
		      "page fault reading 0x1234000 (a reserved bit is set in its tables) at 0x10",
		      "no code can be read at rip\n");
	expect_report(VECTOR_GP, 0x1b, "general protection (#GP), error code 0x1b, at 0x10",
		      "error code: entry 0x3 of the IDT, by an external event\n");
	expect_report(VECTOR_GP, 0x20, "general protection (#GP), error code 0x20, at 0x10",
		      "error code: entry 0x4 of the GDT\n");
	expect_report(10, 0x14, "invalid TSS (#TS), error code 0x14, at 0x10",
		      "error code: entry 0x2 of the LDT\n");
	expect_report(77, 0, "unexpected interrupt, vector 77, error code 0x0, at 0x10", "");
}

static void format_zones(char *text, size_t size)
{
	size_t used = 0;

	for_each_populated_zone(zone) used +=
		(size_t)scnprintf(text + used, size - used, " %s/%d %llu", zone_names[zone->type],
				  zone->node, (unsigned long long)zone->free);
}

TEST(report, allocation, "the line about an allocation that failed tells what is free in each zone")
{
	char zones_text[96];

	format_zones(zones_text, sizeof(zones_text));
	host_log_capture(said, sizeof(said));
	warn_alloc(GFP_ATOMIC, 0x10, "%u %s", 3, "words");
	warn_alloc(GFP_ATOMIC | __GFP_NOWARN, 0x10, "nothing");
	host_log_capture(NULL, 0);
	scnprintf(expected, sizeof(expected),
		  "3 words (gfp %#x, for 0x10); free:%s; lines left out: ", GFP_ATOMIC, zones_text);
	expect(!strncmp(said, expected, strlen(expected)) || !said[0]);
}

TEST(report, free_twice, "addresses that are given back twice, and those that are free already")
{
	struct vmap_area free = {.va_start = 0x5000, .va_end = 0x9000};
	struct vmap_area again = {.va_start = 0x8000, .va_end = 0xa000}, *unused[2];
	struct free_space space = {.tree.augmented = true};

	require(free_space_give(&space, &free, unused));
	host_log_capture(said, sizeof(said));
	expect(!free_space_give(&space, &again, unused));
	host_log_capture(NULL, 0);
	expect_string(said, "vmap_area: 8000-a000 cannot be freed: 5000-9000 is free already\n");
}

TEST(report, direct, "an address in the direct map is told with its frame and the frame's owner")
{
	struct page *page = alloc_page(GFP_KERNEL);
	uint64_t pfn = page ? page_to_pfn(page) : 0;
	char start[64];

	require(page);
	scnprintf(start, sizeof(start), "frame %#llx in the direct map, allocated by ",
		  (unsigned long long)pfn);
	fault_describe((uintptr_t)pfn_to_kaddr(pfn) + 17, said, sizeof(said));
	expect(!strncmp(said, start, strlen(start)));
	scnprintf(start, sizeof(start), "frame %#llx in the direct map, free, given back by ",
		  (unsigned long long)pfn);
	__free_page(page);
	fault_describe((uintptr_t)pfn_to_kaddr(pfn), said, sizeof(said));
	expect(!strncmp(said, start, strlen(start)));
}

TEST(report, split_page, "splitting says so only where there is no block of frames")
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	require(page);
	host_log_capture(said, sizeof(said));
	split_page(page, 1);
	expect_string(said, "");
	split_page(page, MAX_PAGE_ORDER + 1);
	host_log_capture(NULL, 0);
	scnprintf(expected, sizeof(expected),
		  "page_alloc: split_page() of %p, which is no block of frames: refused\n",
		  (void *)page);
	expect_string(said, expected);
	__free_page(page);
	__free_page(page + 1);
	host_log_capture(said, sizeof(said));
	split_page(page, 0);
	host_log_capture(NULL, 0);
	expect_string(said, expected);
}

static unsigned int nr_described;

static bool describe_nothing(uintptr_t address, char *buffer, size_t size)
{
	(void)address;
	(void)buffer;
	(void)size;
	nr_described++;
	return false;
}

static void add_twice(void)
{
	char text[64];

	fault_add_describer(describe_nothing);
	fault_add_describer(describe_nothing);
	fault_describe(PAGE_SIZE, text, sizeof(text));
	log_line("%u", nr_described);
}

TEST(report, kinds, "an area's kind is the most telling of its flags")
{
	expect_string(vm_kind(VM_DMA_COHERENT | VM_MAP), "dma-coherent");
	expect_string(vm_kind(VM_IOREMAP), "ioremap");
	expect_string(vm_kind(VM_SPARSE), "sparse");
	expect_string(vm_kind(VM_MAP_RAM | VM_MAP), "vm_map_ram");
	expect_string(vm_kind(VM_MAP), "vmap");
	expect_string(vm_kind(VM_ALLOC), "vmalloc");
	expect_string(vm_kind(VM_NO_GUARD), "reserved");
}

TEST(report, describer_twice, "who describes addresses is asked once, as often as he is added")
{
	int status;

	expect_string(apart(add_twice, &status), "# 1\n");
	expect_equal(status, 0);
}

TEST(report, kvfree_start, "the first address of the region is vfree()'s to refuse")
{
	host_log_capture(said, sizeof(said));
	kvfree((void *)VMALLOC_START);
	host_log_capture(NULL, 0);
	expect(!strncmp(said, "vfree refused at ", 17));
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "fault_report.h"
#include "host_log.h"
#include "lib/format.h"
#include "map.h"
#include "../suites/scratch.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "walk.h"
#include "watchdog.h"

/* The handler, given frames as if the CPU had pushed them: where it goes on, and what it counts. */

enum { FLAGS = 0x44646, FLAGS_AFTER = 0x4246 }; /* without trap, direction and alignment flags */

static char said[4096];

static const struct trap_frame pushed = {.r8 = 8, .rip = 0x10, .rflags = FLAGS, .error = 0x18};

static void handle(struct trap_frame *frame)
{
	host_log_capture(said, sizeof(said));
	fault_handle(frame, 0);
	host_log_capture(NULL, 0);
}

static void expect_landed(const struct trap_frame *frame, const struct fault_catch *catch,
			  uint64_t value)
{
	expect_equal(frame->rax, value);
	expect_equal(frame->rbx, catch->rbx);
	expect_equal(frame->rbp, catch->rbp);
	expect_equal(frame->r12, catch->r12);
	expect_equal(frame->r13, catch->r13);
	expect_equal(frame->r14, catch->r14);
	expect_equal(frame->r15, catch->r15);
	expect_equal(frame->rsp, catch->rsp);
	expect_equal(frame->rip, catch->rip);
	expect_equal(frame->rflags, FLAGS_AFTER);
	expect_equal(frame->r8, 8);
}

TEST(fault, lands, "an unexpected fault goes on at the innermost catch, with its registers")
{
	struct trap_frame frame = pushed;
	struct fault_catch catch;
	struct fault_stats before, after;

	fault_get_stats(&before);
	frame.vector = VECTOR_GP;
	require(fault_catch(&catch) == 0);
	handle(&frame);
	expect_landed(&frame, &catch, VECTOR_GP + 1);
	fault_get_stats(&after);
	expect_equal(after.unexpected, before.unexpected + 1);
	expect_equal(after.expected, before.expected);
	expect_equal(after.nmi, before.nmi);
	expect_string(fault_last_summary(), "general protection (#GP), error code 0x18, at 0x10");
	expect(!fault_in_handler());
}

TEST(fault, expectation_ends, "an access that did not fault is expected to fault no longer")
{
	struct trap_frame frame = pushed;
	struct fault_catch catch;
	struct fault_stats before, after;
	static char here;

	expect(!fault_expect_read((uintptr_t)&here));
	fault_get_stats(&before);
	frame.vector = VECTOR_PF;
	frame.error = 0;
	require(fault_catch(&catch) == 0);
	host_log_capture(said, sizeof(said));
	fault_handle(&frame, (uintptr_t)&here);
	host_log_capture(NULL, 0);
	expect_landed(&frame, &catch, VECTOR_PF + 1);
	fault_get_stats(&after);
	expect_equal(after.expected, before.expected);
	expect_equal(after.unexpected, before.unexpected + 1);
}

static void expect_goes_on(const struct trap_frame *frame)
{
	expect_equal(frame->rip, pushed.rip);
	expect_equal(frame->rax, pushed.rax);
	expect_equal(frame->rflags, pushed.rflags);
}

TEST(fault, nmi, "an NMI is reported and counted, and goes on, unless the catch is over its time")
{
	struct trap_frame frame = pushed;
	struct fault_catch catch;
	struct fault_stats before, after;

	fault_get_stats(&before);
	frame.vector = VECTOR_NMI;
	frame.error = 0;
	require(fault_catch(&catch) == 0);
	fault_set_time_limit(0);
	handle(&frame);
	expect_goes_on(&frame);
	expect(!strncmp(said, "CPU 0: NMI, error code 0x0, at 0x10\n", 36));
	fault_set_time_limit((uint64_t)3600 * platform_ticks_per_second());
	handle(&frame);
	expect_goes_on(&frame);
	fault_set_time_limit(1);
	handle(&frame);
	fault_set_time_limit(WATCHDOG_SECONDS * platform_ticks_per_second());
	expect_landed(&frame, &catch, VECTOR_NMI + 1);
	fault_get_stats(&after);
	expect_equal(after.nmi, before.nmi + 3);
	expect_equal(after.unexpected, before.unexpected);
	expect_equal(after.expected, before.expected);
}

static bool recall, recall_asked;

static bool is_called_back(void)
{
	recall_asked = true;
	return recall;
}

TEST(fault, recall, "an NMI that calls the CPU back ends what is caught")
{
	struct trap_frame frame = pushed;
	struct fault_catch catch;

	frame.vector = VECTOR_NMI;
	recall = recall_asked = false;
	require(fault_catch(&catch) == 0);
	fault_set_recall(is_called_back);
	handle(&frame);
	expect(recall_asked);
	expect_goes_on(&frame);
	recall = true;
	handle(&frame);
	fault_set_recall(NULL);
	expect_landed(&frame, &catch, VECTOR_NMI + 1);
}

/* Whether a line of what was said begins with `text`. */
static bool says(const char *text)
{
	for (const char *at = said; *at; at++)
		if ((at == said || at[-1] == '\n') && !strncmp(at, text, strlen(text)))
			return true;
	return false;
}

TEST(fault, vectors, "every vector has its name, and only those with a selector tell one")
{
	static const struct {
		uint64_t vector;
		const char *name;
	} vectors[] = {
		{0, "divide error (#DE)"},
		{1, "debug exception (#DB)"},
		{3, "breakpoint (#BP)"},
		{5, "bound range exceeded (#BR)"},
		{9, "coprocessor segment overrun"},
		{17, "alignment check (#AC)"},
		{21, "control protection (#CP)"},
		{22, "unexpected interrupt, vector 22"},
		{27, "unexpected interrupt, vector 27"},
		{30, "security exception (#SX)"},
		{31, "unexpected interrupt, vector 31"},
		{32, "unexpected interrupt, vector 32"},
	};
	char expected[128], summary[FAULT_SUMMARY_MAX];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct trap_frame frame = {.vector = vectors[i].vector, .error = 0x10, .rip = 1};

		host_log_capture(said, sizeof(said));
		fault_report(&frame, 0, summary);
		host_log_capture(NULL, 0);
		scnprintf(expected, sizeof(expected), "%s, error code 0x10, at 0x1",
			  vectors[i].name);
		expect_string(summary, expected);
		expect(!says("error code: entry"));
	}
}

TEST(fault, machine_check, "a machine check is reported with the banks that have something to say")
{
	char summary[FAULT_SUMMARY_MAX];
	struct trap_frame frame = {.vector = VECTOR_MC, .rip = 1};

	host_log_capture(said, sizeof(said));
	fault_report(&frame, 0, summary);
	host_log_capture(NULL, 0);
	expect_string(summary, "machine check (#MC), error code 0x0, at 0x1");
	expect(says("machine check status 0x5\n"
		    "bank 0: status 0x8000000000000001 address 0x0\n"
		    "bank 1: status 0x8400000000000135 address 0x1234\n"
		    "rax "));
}

/* Code of 16 bytes, and frames of which each leads to the next, in an area. */
static void fill(uint64_t *words)
{
	for (unsigned int i = 0; i < 16; i++)
		((uint8_t *)words)[i] = (uint8_t)(0xf0 + i);
	words[8] = (uintptr_t)&words[12];
	words[9] = 0x2222;
	words[12] = (uintptr_t)&words[14];
	words[13] = 0x3333;
	words[14] = (uintptr_t)&words[4]; /* not upwards: the end */
	words[15] = 0x4444;
	words[16] = 0x1111; /* on top of the stack */
}

static const char *report_of(uint64_t *words, uint64_t vector, uint64_t error, uintptr_t rip)
{
	char summary[FAULT_SUMMARY_MAX];
	struct trap_frame frame = {.vector = vector,
				   .error = error,
				   .rip = rip,
				   .rbp = (uintptr_t)&words[8],
				   .rsp = (uintptr_t)&words[16]};

	host_log_capture(said, sizeof(said));
	fault_report(&frame, rip, summary);
	host_log_capture(NULL, 0);
	for (const char *at = said; *at; at++)
		if (!strncmp(at, "code at rip", 11) || !strncmp(at, "no code", 7))
			return at;
	return said;
}

TEST(fault, chain,
     "the code at RIP, and who called, by frame pointers or from the top of the stack")
{
	uint64_t *words = vzalloc(PAGE_SIZE);
	char expected[256];

	require(words);
	fill(words);
	scnprintf(expected, sizeof(expected),
		  "code at rip: f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff\n"
		  "  in 0x%lx\n  from 0x2222\n  from 0x3333\n",
		  (unsigned long)(uintptr_t)words);
	expect_string(report_of(words, VECTOR_UD, 0, (uintptr_t)words), expected);
	expect_string(report_of(words, VECTOR_PF, PF_FETCH, 0x10),
		      "no code can be read at rip\n  in 0x10\n  from 0x1111\n  from 0x2222\n"
		      "  from 0x3333\n");
	expect_string(report_of(words, VECTOR_PF, 0, 0x10),
		      "no code can be read at rip\n  in 0x10\n  from 0x2222\n  from 0x3333\n");
	vfree(words);
}

TEST(fault, chain_ends, "a chain ends after 24 callers, and at one that returns to nowhere")
{
	uint64_t *words = vzalloc(PAGE_SIZE);
	unsigned int lines = 0;

	require(words);
	for (unsigned int i = 8; i < 500; i += 2) {
		words[i] = (uintptr_t)&words[i + 2];
		words[i + 1] = 0x2222;
	}
	for (const char *at = report_of(words, VECTOR_UD, 0, 0x10); *at; at++)
		lines += *at == '\n';
	expect_equal(lines, 1 + 24);
	words[11] = 0;
	expect_string(report_of(words, VECTOR_UD, 0, 0x10),
		      "no code can be read at rip\n  in 0x10\n  from 0x2222\n");
	vfree(words);
}

/* Code that goes on in the next page, which is the reader's to map. */
static bool is_code_read(uintptr_t rip)
{
	static uint64_t words[17];

	return !strncmp(report_of(words, VECTOR_UD, 0, rip), "code at rip:", 12);
}

TEST(fault, code_read, "code is read over the end of a page, where the next is ours to read")
{
	char *area = vzalloc(2 * PAGE_SIZE);
	struct space *space = scratch_open(), *before;
	uintptr_t base = scratch_base();

	require(area && space);
	expect(is_code_read((uintptr_t)area + PAGE_SIZE - 8));
	expect(!is_code_read((uintptr_t)area + 2 * PAGE_SIZE - 8));
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE,
			       __pgprot(PAGE_KERNEL_RO.pgprot | _PAGE_USER), LEVEL_PTE),
		     0);
	before = space_switch(space);
	expect(!is_code_read(base));
	space_switch(before);
	vfree(area);
	scratch_close();
}

TEST(fault, wild_stack, "a wild jump with a stack that cannot be read is told by frame pointers")
{
	uint64_t *words = vzalloc(PAGE_SIZE);
	char summary[FAULT_SUMMARY_MAX];
	struct trap_frame frame = {.vector = VECTOR_PF, .error = PF_FETCH, .rip = 0x10, .rsp = 8};

	require(words);
	fill(words);
	frame.rbp = (uintptr_t)&words[8];
	host_log_capture(said, sizeof(said));
	fault_report(&frame, 0x10, summary);
	host_log_capture(NULL, 0);
	expect(says("  in 0x10\n  from 0x2222\n  from 0x3333\n"));
	vfree(words);
}

TEST(fault, selector, "a selector that is none is not told")
{
	char summary[FAULT_SUMMARY_MAX];
	struct trap_frame frame = {.vector = VECTOR_GP, .error = 0x1b, .rip = 1};

	for (unsigned int i = 0; i < 2; i++) {
		host_log_capture(said, sizeof(said));
		fault_report(&frame, 0, summary);
		host_log_capture(NULL, 0);
		expect_equal(says("error code: entry 0x3 of the IDT, by an external event\n"),
			     i == 0);
		frame.error = 0;
	}
	expect(!says("error code: entry"));
}

/* The entry of a page, with a bit that this CPU keeps to itself. */
TEST(fault, reserved, "an access that faults in another way than was asked for is unexpected")
{
	char *area = vmalloc(PAGE_SIZE);
	struct fault_stats before, after;
	entry_t *entry;

	require(area);
	entry = (entry_t *)walk_table(&kernel_space, (uintptr_t)area) + pte_index((uintptr_t)area);
	*entry ^= (entry_t)1 << 51;
	tlb_flush_range((uintptr_t)area, (uintptr_t)area + PAGE_SIZE);
	fault_get_stats(&before);
	host_log_capture(said, sizeof(said));
	expect(!fault_expect_read((uintptr_t)area));
	host_log_capture(NULL, 0);
	fault_get_stats(&after);
	*entry ^= (entry_t)1 << 51;
	tlb_flush_range((uintptr_t)area, (uintptr_t)area + PAGE_SIZE);
	expect_equal(after.expected, before.expected);
	expect_equal(after.unexpected, before.unexpected + 1);
	vfree(area);
}

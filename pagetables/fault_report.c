/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_report.h"
#include "lib/format.h"
#include "platform.h"
#include "walk.h"

/* Intel SDM vol. 3A, table 6-1 */
static const char *const vector_names[32] = {
	"divide error (#DE)",
	"debug exception (#DB)",
	"NMI",
	"breakpoint (#BP)",
	"overflow (#OF)",
	"bound range exceeded (#BR)",
	"invalid opcode (#UD)",
	"no coprocessor (#NM)",
	"double fault (#DF)",
	"coprocessor segment overrun",
	"invalid TSS (#TS)",
	"segment not present (#NP)",
	"stack-segment fault (#SS)",
	"general protection (#GP)",
	"page fault (#PF)",
	"reserved vector 15",
	"x87 floating-point error (#MF)",
	"alignment check (#AC)",
	"machine check (#MC)",
	"SIMD floating-point exception (#XM)",
	"virtualization exception (#VE)",
	"control protection (#CP)",
	[28] = "hypervisor injection (#HV)",
	[29] = "VMM communication (#VC)",
	[30] = "security exception (#SX)",
};

enum { DESCRIPTION_MAX = 160, NAME_MAX = 96, CODE_BYTES = 16, FRAMES_MAX = 24 };

/* Reads what our tables map for us; on the host that is not the process's own code and stack. */
static bool read_mapped(uintptr_t address, void *to, size_t size)
{
	uint8_t *bytes = to;
	struct leaf leaf;

	for (size_t i = 0; i < size; i++) {
		if ((i == 0 || !((address + i) & (PAGE_SIZE - 1))) &&
		    (!walk_lookup(space_current(), address + i, &leaf) ||
		     (leaf.prot.pgprot & _PAGE_USER)))
			return false;
		bytes[i] = *(const volatile uint8_t *)(address + i);
	}
	return true;
}

static const char *access_name(uint64_t error)
{
	if (error & PF_FETCH)
		return "executing";
	return error & PF_WRITE ? "writing" : "reading";
}

/* Why the CPU refused, from the error code of a page fault (vol. 3A, 4.7). */
static const char *refusal(uint64_t error)
{
	if (error & PF_RESERVED)
		return "a reserved bit is set in its tables";
	return error & PF_PRESENT ? "not allowed by its tables" : "not mapped";
}

static void format_name(uint64_t vector, char *buffer, size_t size)
{
	if (vector < 32 && vector_names[vector])
		scnprintf(buffer, size, "%s", vector_names[vector]);
	else
		scnprintf(buffer, size, "unexpected interrupt, vector %lu", vector);
}

static void summarize(const struct trap_frame *frame, uint64_t address,
		      char summary[FAULT_SUMMARY_MAX])
{
	char name[NAME_MAX], where[NAME_MAX];

	symbol_format(frame->rip, where, sizeof(where));
	format_name(frame->vector, name, sizeof(name));
	if (frame->vector == VECTOR_PF)
		scnprintf(summary, FAULT_SUMMARY_MAX, "page fault %s 0x%lx (%s) at %s",
			  access_name(frame->error), address, refusal(frame->error), where);
	else
		scnprintf(summary, FAULT_SUMMARY_MAX, "%s, error code 0x%lx, at %s", name,
			  frame->error, where);
}

/* A selector error code: vol. 3A, 6.13. */
static void report_selector(const struct trap_frame *frame)
{
	static const char *const tables[] = {"GDT", "IDT", "LDT", "IDT"};
	uint64_t error = frame->error;

	if (frame->vector >= 10 && frame->vector <= VECTOR_GP && error)
		log_line("error code: entry 0x%lx of the %s%s", error >> 3 & 0x1fff,
			 tables[error >> 1 & 3], error & 1 ? ", by an external event" : "");
}

void fault_report_registers(const struct trap_frame *frame)
{
	log_line("rax %016lx rbx %016lx rcx %016lx rdx %016lx", frame->rax, frame->rbx, frame->rcx,
		 frame->rdx);
	log_line("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", frame->rsi, frame->rdi, frame->rbp,
		 frame->rsp);
	log_line("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", frame->r8, frame->r9, frame->r10,
		 frame->r11);
	log_line("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", frame->r12, frame->r13, frame->r14,
		 frame->r15);
	log_line("rip %016lx cs %lx ss %lx rflags %lx error %lx cr3 %lx cr4 %lx", frame->rip,
		 frame->cs, frame->ss, frame->rflags, frame->error, platform_read_cr3(),
		 platform_read_cr4());
}

static void report_code(uintptr_t rip)
{
	uint8_t code[CODE_BYTES];
	char text[3 * CODE_BYTES + 1];
	size_t used = 0;

	if (!read_mapped(rip, code, sizeof(code))) {
		log_line("no code can be read at rip");
		return;
	}
	for (unsigned int i = 0; i < CODE_BYTES; i++)
		used += (size_t)scnprintf(text + used, sizeof(text) - used, " %02x", code[i]);
	log_line("code at rip:%s", text);
}

/* What the banks of the CPU say (vol. 3B, 16.3). */
static void report_machine_check(void)
{
	enum { MSR_MCG_CAP = 0x179, MSR_MCG_STATUS = 0x17a, MSR_MC0_STATUS = 0x401 };
	uint64_t banks = platform_read_msr(MSR_MCG_CAP) & 0xff;

	log_line("machine check status 0x%lx", platform_read_msr(MSR_MCG_STATUS));
	for (uint32_t bank = 0; bank < banks; bank++) {
		uint64_t status = platform_read_msr(MSR_MC0_STATUS + 4 * bank);

		if (status >> 63)
			log_line("bank %u: status 0x%lx address 0x%lx", bank, status,
				 status >> 58 & 1 ? platform_read_msr(MSR_MC0_STATUS + 4 * bank + 1)
						  : 0);
	}
}

static void log_place(const char *word, uintptr_t rip)
{
	char name[NAME_MAX];

	symbol_format(rip, name, sizeof(name));
	log_line("  %s %s", word, name);
}

/* `rip` and what the frame pointers lead to: the first one is logged with `word`. */
static void log_chain(const char *word, uintptr_t rip, uintptr_t frame_pointer)
{
	uintptr_t words[2] = {frame_pointer, rip};

	for (unsigned int i = 0; i < FRAMES_MAX && words[1]; i++) {
		uintptr_t here = words[0];

		log_place(i ? "from" : word, words[1]);
		if (here & 7 || !read_mapped(here, words, sizeof(words)) || words[0] <= here)
			break;
	}
}

void fault_backtrace(uintptr_t rip, uintptr_t frame_pointer)
{
	log_chain("in", rip, frame_pointer);
}

/* Where a wild call has led nobody has pushed a frame pointer yet, and RIP may be 0: who called
 * stands on top of the stack. */
static void report_chain(const struct trap_frame *frame)
{
	bool wild = frame->vector == VECTOR_PF && frame->error & PF_FETCH;
	uintptr_t caller;

	if (!wild || !read_mapped(frame->rsp, &caller, sizeof(caller))) {
		fault_backtrace(frame->rip, frame->rbp);
		return;
	}
	log_place("in", frame->rip);
	log_chain("from", caller, frame->rbp);
}

void fault_report(const struct trap_frame *frame, uint64_t address, char summary[FAULT_SUMMARY_MAX])
{
	char description[DESCRIPTION_MAX];

	summarize(frame, address, summary);
	log_line("CPU %u: %s", platform_cpu(), summary);
	if (frame->vector == VECTOR_PF) {
		fault_describe(address, description, sizeof(description));
		log_line("that address is %s", description);
	}
	report_selector(frame);
	if (frame->vector == VECTOR_MC)
		report_machine_check();
	fault_report_registers(frame);
	report_code(frame->rip);
	report_chain(frame);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate.h"
#include "cpu_features.h"
#include "cpus.h"
#include "descriptors.h"
#include "fault.h"
#include "gate_levels.h"
#include "instructions.h"
#include "lib/assert.h"
#include "pat.h"
#include "registers.h"
#include "space.h"
#include "this_cpu.h"
#include "tlb.h"

/* Why the inside has come back. */
enum gate_exit { GATE_DONE, GATE_RELAX, GATE_ABORT };

/* What __builtin_setjmp() wants. */
enum { JUMP_WORDS = 5, WAYS_BACK_MAX = 3 };

/* Where a CPU is; and that an NMI is on its way to it, for which it has to wait. */
enum door { DOOR_OUT, DOOR_IN, DOOR_SIGNALLED };

struct gate {
	uint32_t door; /* enum door */
	enum gate_exit exit;
	void (*outside)(void); /* what the next opening is for; NULL: while_open() */
	uint64_t firmware_stack, inside_stack; /* where the side that is not running stands */
	uint64_t inside_cr3;
	bool closed;		     /* from our descriptors on, until the firmware's are back */
	bool was_interruptible;	     /* before that */
	void *way_back[JUMP_WORDS];  /* to where they come back, from anywhere on that side */
	unsigned int nr_ways_back;   /* how often it was taken */
	struct registers firmware;   /* saved at the last closing */
	struct gate_request request; /* a copy: the caller's lies on the firmware's stack */
	uint64_t crossings;
} __attribute__((aligned(64)));

static struct gate gates[CPUS_MAX];

void gate_cross(uint64_t *save_stack, uint64_t load_stack, uint64_t load_cr3);

static struct gate *this_gate(void)
{
	return &gates[platform_cpu()];
}

const char *gate_refuses(void)
{
	struct registers now;

	registers_read(&now);
	if (!platform_cpu_features()->nx)
		return "this processor has no NX (no-execute pages)";
	if (cpu_is_encrypted_guest())
		return "this is an encrypted guest (SEV or TDX)";
	if (now.cr4 & CR4_PCIDE)
		return "the firmware has CR4.PCIDE on";
	if (now.cr4 & CR4_CET)
		return "the firmware has CR4.CET on";
	if (now.efer & EFER_LMSLE)
		return "the firmware has EFER.LMSLE on";
	if ((size_t)now.gdt.limit + 1 > GDT_BYTES_MAX)
		return "the firmware's GDT is too large to be copied";
	return NULL;
}

static void load_our_descriptors(struct gate *gate)
{
	struct cpu_descriptors *descriptors = descriptors_of(platform_cpu());
	struct table_register gdt, idt;
	uint16_t task;
	int error = descriptors_fill(descriptors, &gate->firmware.gdt, gate->firmware.cs);

	ASSERT(!error, "GDT limit 0x%x: %d", gate->firmware.gdt.limit, error);
	descriptors_registers(descriptors, &gdt, &idt, &task);
	descriptors_task_available(descriptors);
	write_gdtr(&gdt);
	write_task_register(task);
	write_idtr(&idt);
}

/*
 * The descriptor of a loaded task is marked busy, and LTR refuses a busy one (Intel SDM vol. 2A,
 * LTR). The firmware's GDT may be in flash: written only where the bit is set.
 */
static void load_firmware_task(const struct registers *firmware)
{
	enum { TSS_BUSY = 0x02, ACCESS_BYTE = 5 };
	volatile uint8_t *access;

	if (!registers_has_task(firmware))
		return;
	access = (volatile uint8_t *)(uintptr_t)firmware->gdt.base + (firmware->task & 0xfff8) +
		 ACCESS_BYTE;
	if (*access & TSS_BUSY)
		*access = (uint8_t)(*access & ~TSS_BUSY);
	write_task_register(firmware->task);
}

static void load_firmware_descriptors(const struct registers *firmware)
{
	write_idtr(&firmware->idt);
	write_gdtr(&firmware->gdt);
	load_firmware_task(firmware);
}

/* CR4 while CR3 changes: no global pages, so that no translation of one world lives on in the
 * other, and nothing that the firmware's pages might not bear. */
static uint64_t crossing_cr4(const struct registers *firmware)
{
	return (firmware->cr4 & ~CR4_PGE) | CR4_MCE;
}

/* The same on our side, where the number of levels is ours. */
static uint64_t crossing_cr4_inside(const struct registers *firmware)
{
	uint64_t la57 = platform_cpu_features()->levels == 5 ? CR4_LA57 : 0;

	return (crossing_cr4(firmware) & ~CR4_LA57) | la57;
}

static uint64_t inside_cr4(const struct registers *firmware)
{
	const struct cpu_features *cpu = platform_cpu_features();

	return crossing_cr4_inside(firmware) | (cpu->pge ? CR4_PGE : 0) |
	       (cpu->smep ? CR4_SMEP : 0) | (cpu->smap ? CR4_SMAP : 0) | (cpu->umip ? CR4_UMIP : 0);
}

/*
 * Changes the memory types that page tables choose from, with caches and TLB as for an MTRR (Intel
 * SDM vol. 3A, 12.12.4 and 12.11.8). CR4.PGE is off, so that writing CR3 empties the TLB. Under
 * self-snoop the caches need not be written back.
 */
static void switch_pat(uint64_t from, uint64_t to)
{
	bool write_back = !cpu_snoops_itself();
	uint64_t cr0 = read_cr0();

	if (from == to || !platform_cpu_features()->pat)
		return;
	write_cr0((cr0 | CR0_CD) & ~CR0_NW);
	if (write_back)
		write_back_caches();
	write_cr3(read_cr3());
	write_msr(MSR_PAT, to);
	if (write_back)
		write_back_caches();
	write_cr3(read_cr3());
	write_cr0(cr0);
}

/* The part of closing that comes once our tables are live; and its mirror. An NMI from where there
 * was no handler to report it is reported now, as one from here. */
static void enter_inside(struct gate *gate)
{
	write_cr4(inside_cr4(&gate->firmware));
	page_offset_base = gate->request.page_offset;
	__atomic_store_n(&gate->door, DOOR_IN, __ATOMIC_SEQ_CST);
	gate->crossings++;
	tlb_cpu_enter();
	fault_catch_away(false);
	if (gate_levels_nmis())
		raise_nmi_vector();
}

static bool go_from(struct gate *gate, uint32_t door, uint32_t to)
{
	return __atomic_compare_exchange_n(&gate->door, &door, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/* Not while an NMI is under way. One that does not come within a second, since this CPU is in the
 * handler of another one, is not waited for. */
static void go_out(struct gate *gate)
{
	uint64_t limit = platform_ticks() + platform_ticks_per_second();

	while (!go_from(gate, DOOR_IN, DOOR_OUT) && platform_ticks() < limit)
		__builtin_ia32_pause();
	__atomic_store_n(&gate->door, DOOR_OUT, __ATOMIC_SEQ_CST);
}

/* The direct map stays where it is for as long as any CPU may be inside: until the first one leaves
 * for good. */
static void leave_inside(struct gate *gate)
{
	fault_catch_away(true);
	tlb_cpu_leave();
	go_out(gate);
	if (platform_cpu() == 0 && gate->exit != GATE_RELAX)
		page_offset_base = 0;
	write_cr4(crossing_cr4_inside(&gate->firmware));
}

/* From the firmware's tables and stack to ours; returns when the other side has come back. */
static void cross_in(struct gate *gate)
{
	if (gate->request.bridge)
		gate_levels_cross(&gate->firmware_stack,
				  &(struct levels_crossing){
					  .cr3_before = gate->request.bridge,
					  .cr3_switch = gate->inside_cr3,
					  .cr4 = crossing_cr4_inside(&gate->firmware),
					  .cr3_after = gate->inside_cr3,
					  .load_stack = gate->inside_stack,
				  });
	else
		gate_cross(&gate->firmware_stack, gate->inside_stack, gate->inside_cr3);
}

static void cross_out(struct gate *gate)
{
	if (gate->request.bridge)
		gate_levels_cross(&gate->inside_stack, &(struct levels_crossing){
							       .cr3_before = gate->inside_cr3,
							       .cr3_switch = gate->request.bridge,
							       .cr4 = crossing_cr4(&gate->firmware),
							       .cr3_after = gate->firmware.cr3,
							       .load_stack = gate->firmware_stack,
						       });
	else
		gate_cross(&gate->inside_stack, gate->firmware_stack, gate->firmware.cr3);
}

static void leave_firmware(struct gate *gate)
{
	const struct registers *firmware = &gate->firmware;

	load_our_descriptors(gate);
	write_cr4(crossing_cr4(firmware));
	write_cr0(firmware->cr0 | CR0_WP);
	write_msr(MSR_EFER, firmware->efer | EFER_NXE);
	switch_pat(firmware->pat, PAT_VALUE);
}

/* Its mirror, which may begin anywhere in between. */
static void return_to_firmware(struct gate *gate)
{
	const struct registers *firmware = &gate->firmware;

	switch_pat(PAT_VALUE, firmware->pat);
	write_msr(MSR_EFER, firmware->efer);
	write_cr0(firmware->cr0);
	write_cr4(firmware->cr4);
	load_firmware_descriptors(firmware);
	gate->closed = false;
}

/* Closes the gate, and returns when the other side has opened it again, or gate_abort() has found
 * that it is still on this side: why it has. */
static enum gate_exit close_until_opened(struct gate *gate)
{
	gate->was_interruptible = read_flags() & FLAGS_IF;
	interrupts_off();
	this_cpu_renew((unsigned int)(gate - gates));
	registers_read(&gate->firmware);
	gate->closed = true;
	if (!__builtin_setjmp(gate->way_back)) {
		leave_firmware(gate);
		cross_in(gate);
	}
	gate = this_gate(); /* what a register had is lost */
	return_to_firmware(gate);
	if (gate->was_interruptible)
		interrupts_on();
	return gate->exit;
}

/* Opens the gate; returns when the firmware's side has closed it again. */
static void open_until_closed(struct gate *gate, enum gate_exit exit)
{
	gate->exit = exit;
	gate->inside_cr3 = read_cr3();
	leave_inside(gate);
	cross_out(gate);
	enter_inside(gate);
}

/* The first thing that runs inside. Its return address is 0: a backtrace ends here. */
static _Noreturn void run_inside(void)
{
	struct gate *gate = this_gate();

	enter_inside(gate);
	gate->request.run(gate->request.argument);
	open_until_closed(gate, GATE_DONE);
	__builtin_unreachable();
}

/* A stack as gate_cross() leaves it: six registers, then the address to go on at. */
static void lay_out_first_stack(struct gate *gate)
{
	enum { WORDS = 8, GO_ON = 6 };
	uint64_t *words = gate->request.stack_top_now - WORDS;

	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = 0;
	words[GO_ON] = (uintptr_t)run_inside;
	gate->inside_stack = gate->request.stack_top - WORDS * sizeof(*words);
}

bool gate_run(const struct gate_request *request)
{
	struct gate *gate = this_gate();
	enum gate_exit exit;

	gate->request = *request;
	gate->inside_cr3 = request->root;
	lay_out_first_stack(gate);
	while ((exit = close_until_opened(gate)) == GATE_RELAX) {
		void (*call)(void) = gate->outside ? gate->outside : request->while_open;

		gate->outside = NULL;
		call();
	}
	return exit == GATE_DONE;
}

bool gate_is_closed(void)
{
	return this_gate()->closed;
}

bool gate_is_closed_of(unsigned int cpu)
{
	return __atomic_load_n(&gates[cpu].door, __ATOMIC_SEQ_CST) != DOOR_OUT;
}

bool gate_hold_for_signal(unsigned int cpu)
{
	return go_from(&gates[cpu], DOOR_IN, DOOR_SIGNALLED);
}

void gate_signal_came(void)
{
	go_from(this_gate(), DOOR_SIGNALLED, DOOR_IN);
}

void gate_forget(unsigned int cpu)
{
	__atomic_store_n(&gates[cpu].door, DOOR_OUT, __ATOMIC_SEQ_CST);
}

void gate_relax(void)
{
	open_until_closed(this_gate(), GATE_RELAX);
}

void gate_outside(void (*call)(void))
{
	this_gate()->outside = call;
	gate_relax();
}

/* Not yet, or no more, on our side: the firmware's tables are in CR3, and its stack is there. */
static bool is_on_firmware_side(const struct gate *gate)
{
	return read_cr3() == gate->firmware.cr3;
}

void gate_abort(void)
{
	struct gate *gate = this_gate();

	if (is_on_firmware_side(gate)) {
		if (gate->nr_ways_back++ >= WAYS_BACK_MAX)
			for (;;) /* it faults as well, which has been said */
				__builtin_ia32_pause();
		gate->exit = GATE_ABORT;
		__builtin_longjmp(gate->way_back, 1);
	}
	open_until_closed(gate, GATE_ABORT);
	__builtin_unreachable();
}

uint64_t gate_crossings(void)
{
	return this_gate()->crossings;
}

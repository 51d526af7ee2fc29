/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "trap.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "fault_probe.h"
#include "machine.h"
#include "status.h"
#include "translations.h"

/* Room for a fault in the handler of a fault, in sanitizers' large frames. */
enum { SIGNAL_STACK_BYTES = 1 << 18 };

/* Present with AddressSanitizer alone: forgets what it knows about frames that are left. */
void __asan_handle_no_return(void) __attribute__((weak));

static struct sigaction before[NSIG];
static const int fault_signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP};
enum { NR_FAULT_SIGNALS = sizeof(fault_signals) / sizeof(fault_signals[0]) };

/* Where each register of the trap frame is kept by the kernel. */
static const struct {
	size_t offset;
	int greg;
} registers[] = {
	{offsetof(struct trap_frame, r15), REG_R15}, {offsetof(struct trap_frame, r14), REG_R14},
	{offsetof(struct trap_frame, r13), REG_R13}, {offsetof(struct trap_frame, r12), REG_R12},
	{offsetof(struct trap_frame, r11), REG_R11}, {offsetof(struct trap_frame, r10), REG_R10},
	{offsetof(struct trap_frame, r9), REG_R9},   {offsetof(struct trap_frame, r8), REG_R8},
	{offsetof(struct trap_frame, rbp), REG_RBP}, {offsetof(struct trap_frame, rdi), REG_RDI},
	{offsetof(struct trap_frame, rsi), REG_RSI}, {offsetof(struct trap_frame, rdx), REG_RDX},
	{offsetof(struct trap_frame, rcx), REG_RCX}, {offsetof(struct trap_frame, rbx), REG_RBX},
	{offsetof(struct trap_frame, rax), REG_RAX}, {offsetof(struct trap_frame, rip), REG_RIP},
	{offsetof(struct trap_frame, rsp), REG_RSP}, {offsetof(struct trap_frame, rflags), REG_EFL},
};
enum { NR_REGISTERS = sizeof(registers) / sizeof(registers[0]) };

static uint64_t *frame_register(struct trap_frame *frame, unsigned int i)
{
	return (uint64_t *)((char *)frame + registers[i].offset);
}

/* Code and stack selectors are packed into one word, with those of GS and FS between them. */
static void frame_from_context(struct trap_frame *frame, const ucontext_t *context)
{
	const greg_t *gregs = context->uc_mcontext.gregs;

	for (unsigned int i = 0; i < NR_REGISTERS; i++)
		*frame_register(frame, i) = (uint64_t)gregs[registers[i].greg];
	frame->cs = (uint64_t)gregs[REG_CSGSFS] & 0xffff;
	frame->ss = (uint64_t)gregs[REG_CSGSFS] >> 48;
}

/* A probe of a fetch takes a return address alone from the stack: no frame is left by it. */
static void frame_to_context(struct trap_frame *frame, ucontext_t *context)
{
	greg_t *gregs = context->uc_mcontext.gregs;
	uint64_t returned = (uint64_t)gregs[REG_RSP] + sizeof(void *);
	bool unwinds = frame->rsp > returned;

	for (unsigned int i = 0; i < NR_REGISTERS; i++)
		gregs[registers[i].greg] = (greg_t)*frame_register(frame, i);
	if (unwinds && __asan_handle_no_return)
		__asan_handle_no_return();
}

/*
 * ThreadSanitizer has every signal blocked while a handler runs, whatever was asked for; and what
 * faults while SIGSEGV is blocked is killed. What the signal came into has its own mask back when
 * the handler returns.
 */
static void let_faults_nest(void)
{
	sigset_t faults;

	sigemptyset(&faults);
	for (unsigned int i = 0; i < NR_FAULT_SIGNALS; i++)
		sigaddset(&faults, fault_signals[i]);
	pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
}

static void deliver(ucontext_t *context, uint64_t vector, unsigned int error, uint64_t address)
{
	struct trap_frame frame;

	let_faults_nest();
	frame_from_context(&frame, context);
	frame.vector = vector;
	frame.error = error;
	fault_handle(&frame, address);
	frame_to_context(&frame, context);
}

static void default_action(int number, siginfo_t *info, void *context)
{
	const struct sigaction *action = &before[number];

	if ((action->sa_flags & SA_SIGINFO) && action->sa_sigaction)
		action->sa_sigaction(number, info, context);
	else
		sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* As the CPU told the kernel (vol. 3A, 4.7: bit 1 write, bit 4 fetch). */
static enum mmu_access access_of(const ucontext_t *context)
{
	greg_t error = context->uc_mcontext.gregs[REG_ERR];

	if (error & MMU_FAULT_ID)
		return MMU_FETCH;
	return error & MMU_FAULT_WR ? MMU_WRITE : MMU_READ;
}

/* What the access meets outside the window: no table of ours maps anything there. */
static unsigned int error_of_nothing(const ucontext_t *context)
{
	return (unsigned int)context->uc_mcontext.gregs[REG_ERR] & (MMU_FAULT_WR | MMU_FAULT_ID);
}

/* The exception that the kernel made a signal of. */
static uint64_t vector_of(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_TRAPNO];
}

static bool is_page_fault(const ucontext_t *context)
{
	return vector_of(context) == VECTOR_PF;
}

/* Whether the instruction is one that was placed to fault; a fetch that faults is known by where it
 * would return to. Anything else outside the window is a bug, for the sanitizers to report. */
static bool is_probe(const ucontext_t *context)
{
	const greg_t *gregs = context->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)gregs[REG_RIP];

	if (is_page_fault(context) && (gregs[REG_ERR] & MMU_FAULT_ID))
		return *(uint64_t *)gregs[REG_RSP] == (uintptr_t)fault_probe_fetch_return;
	return rip == (uintptr_t)fault_probe_read_at || rip == (uintptr_t)fault_probe_write_at ||
	       rip == (uintptr_t)fault_probe_fetch_at;
}

static void deliver_page_fault(ucontext_t *context, unsigned int error, uint64_t address)
{
	machine_this_cpu()->cr2 = address;
	if (!is_probe(context))
		host_print_stack();
	deliver(context, VECTOR_PF, error, address);
}

static void on_segv(int number, siginfo_t *info, void *context)
{
	struct cpu *cpu = machine_this_cpu();
	uint64_t address = (uint64_t)info->si_addr;
	unsigned int error;

	if (cpu->inside && is_page_fault(context) && translations_covers(address)) {
		if (!translations_fill(&cpu->mmu, address, access_of(context), &error))
			deliver_page_fault(context, error, address);
		return;
	}
	if (!cpu->inside || !is_probe(context))
		default_action(number, info, context);
	else if (is_page_fault(context))
		deliver_page_fault(context, error_of_nothing(context), address);
	else
		deliver(context, vector_of(context), 0, 0);
}

static void on_exception(int number, siginfo_t *info, void *context)
{
	if (machine_this_cpu()->inside)
		deliver(context, vector_of(context), 0, 0);
	else
		default_action(number, info, context);
}

static void on_nmi(ucontext_t *context)
{
	if (machine_this_cpu()->inside && !translations_busy())
		deliver(context, VECTOR_NMI, 0, 0);
}

/* Faults nest (a handler may touch the window), and leave errno as it was. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (number == SIGSEGV)
		on_segv(number, info, context);
	else if (number == TRAP_NMI_SIGNAL)
		on_nmi(context);
	else
		on_exception(number, info, context);
	errno = saved;
}

void trap_init(void)
{
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigaddset(&action.sa_mask, TRAP_NMI_SIGNAL);
	for (unsigned int i = 0; i < NR_FAULT_SIGNALS; i++)
		sigaction(fault_signals[i], &action, &before[fault_signals[i]]);
	sigaction(TRAP_NMI_SIGNAL, &action, &before[TRAP_NMI_SIGNAL]);
}

void trap_init_thread(void)
{
	void *memory = mmap(NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = memory, .ss_size = SIGNAL_STACK_BYTES};

	if (memory == MAP_FAILED || sigaltstack(&stack, NULL)) {
		perror("signal stack");
		exit(EXIT_FAILURE);
	}
}

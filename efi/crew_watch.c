/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew_watch.h"
#include "apic.h"
#include "console.h"
#include "cpus.h"
#include "fault.h"
#include "gate.h"
#include "levels.h"
#include "lib/lock.h"
#include "map.h"
#include "pat.h"
#include "platform.h"
#include "tlb.h"
#include "vmalloc.h"

enum { WORK_SECONDS_MAX = 600, FLUSH_SECONDS_MAX = 10, ANSWER_SECONDS = 2 };

static struct vm_struct apic_area;
static uint64_t limit_seconds;
static bool recalled[CPUS_MAX];
static bool scattered;

uint64_t crew_patience(void)
{
	return (limit_seconds ? limit_seconds : WORK_SECONDS_MAX) * platform_ticks_per_second();
}

static void send_nmi(unsigned int cpu)
{
	if (!gate_hold_for_signal(cpu))
		return;
	if (!apic_send(apic_area.addr, cpus_place(cpu)->apic_id, APIC_NMI))
		log_note("CPU %u: the NMI for it could not be sent", cpu);
}

void crew_recall(unsigned int cpu, const char *why)
{
	log_note("CPU %u (%s) %s: it is called back by NMI", cpu, cpus_describe(cpu), why);
	__atomic_store_n(&recalled[cpu], true, __ATOMIC_SEQ_CST);
	send_nmi(cpu);
}

void crew_lose(unsigned int cpu)
{
	if (cpus_is_lost(cpu))
		return;
	log_note("CPU %u (%s) does not answer: it is lost", cpu, cpus_describe(cpu));
	cpus_lose(cpu);
	gate_forget(cpu);
	tlb_cpu_lost(cpu);
	if (locks_held_by(cpu))
		platform_abort("a CPU was lost that holds a lock");
}

/* A tlb_set_late_handler(). The first CPU cannot be done without. */
static bool wait_no_longer(unsigned int cpu, unsigned int seconds)
{
	uint64_t most = FLUSH_SECONDS_MAX;

	if (limit_seconds && limit_seconds < most)
		most = limit_seconds;
	if (seconds == most)
		crew_recall(cpu, "has not flushed its TLB");
	if (seconds < most + ANSWER_SECONDS || cpu == 0)
		return false;
	crew_lose(cpu);
	return true;
}

/* In the handler of an NMI. */
static bool this_is_recalled(void)
{
	gate_signal_came();
	crew_scatter_self();
	return __atomic_exchange_n(&recalled[platform_cpu()], false, __ATOMIC_SEQ_CST);
}

/* Where this CPU has MSRs instead, others need not. Of the type that ioremap() gives, for somebody
 * else may want these registers as well. */
int crew_watch_map(void)
{
	if (cpus_nr() == 1)
		return 0;
	apic_area = (struct vm_struct){.flags = VM_IOREMAP,
				       .size = PAGE_SIZE,
				       .phys_addr = apic_phys(),
				       .caller = (void *)crew_watch_map};
	vm_area_register_early(&apic_area, PAGE_SIZE);
	return map_range(&kernel_space, (uintptr_t)apic_area.addr, apic_area.phys_addr, PAGE_SIZE,
			 pgprot_noncached(PAGE_KERNEL), LEVEL_PTE);
}

void crew_watch_begin(uint64_t limit)
{
	limit_seconds = limit;
	if (cpus_nr() == 1)
		return;
	tlb_set_late_handler(wait_no_longer);
	fault_set_recall(this_is_recalled);
}

void crew_scatter(void)
{
	__atomic_store_n(&scattered, true, __ATOMIC_SEQ_CST);
	for (unsigned int cpu = 1; cpu < cpus_nr(); cpu++)
		if (!cpus_is_lost(cpu))
			send_nmi(cpu);
}

void crew_scatter_self(void)
{
	if (!__atomic_load_n(&scattered, __ATOMIC_SEQ_CST) || platform_cpu() == 0 ||
	    !gate_is_closed())
		return;
	locks_forget();
	gate_abort();
}

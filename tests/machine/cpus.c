/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew.h"
#include "gate.h"
#include "page_alloc.h"
#include "registers.h"
#include "test.h"
#include "vmalloc.h"

/* The other processors: their gates, and faults of their own. */

enum { MSR_MTRR_DEF_TYPE = 0x2ff };

static struct {
	struct registers registers;
	uint64_t faults, visits;
	uint64_t stack; /* where a local lies */
	uint64_t mtrr_type;
} seen[PLATFORM_CPUS_MAX];

static void forget(void)
{
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		seen[cpu].faults = seen[cpu].visits = seen[cpu].stack = 0;
}

static void require_more_than_one(void)
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	forget();
}

static void note_state(void *context)
{
	(void)context;
	registers_read(&seen[platform_cpu()].registers);
	seen[platform_cpu()].stack = (uintptr_t)&context;
	if (platform_cpu_features()->mtrr)
		seen[platform_cpu()].mtrr_type = platform_read_msr(MSR_MTRR_DEF_TYPE);
}

TEST(cpus, protections, "on every CPU everything is on that the first one has on, on own tables")
{
	const struct registers *first = &seen[0].registers, *other;

	require_more_than_one();
	test_run_on_cpus(test_nr_cpus(), note_state, NULL);
	for (unsigned int cpu = 1; cpu < test_nr_cpus(); cpu++) {
		other = &seen[cpu].registers;
		expect_equal(other->cr0, first->cr0);
		expect_equal(other->cr3, first->cr3);
		expect_equal(other->efer, first->efer);
		expect_equal(other->pat, first->pat);
		expect_equal(seen[cpu].mtrr_type, seen[0].mtrr_type);
		expect(!((other->cr4 ^ first->cr4) &
			 (CR4_PGE | CR4_MCE | CR4_SMEP | CR4_SMAP | CR4_UMIP | CR4_LA57)));
		expect(!(other->flags & FLAGS_IF));
		expect(other->gdt.base != first->gdt.base && other->idt.base != first->idt.base);
		expect(seen[cpu].stack >= VMALLOC_START && seen[cpu].stack < VMALLOC_END);
		expect(seen[cpu].stack >> 16 != seen[0].stack >> 16);
	}
}

enum { FAULT_ROUNDS = 2000 };

/* The page of its area may not be executed, and behind it is the guard. */
static void take_faults(void *context)
{
	char *area = vmalloc(PAGE_SIZE);

	(void)context;
	if (!area)
		return;
	test_wait_for_all();
	for (int i = 0; i < FAULT_ROUNDS; i++) {
		uint64_t *faults = &seen[platform_cpu()].faults;

		*faults += fault_expect_read((uintptr_t)area + PAGE_SIZE);
		*faults += fault_expect_write((uintptr_t)area + PAGE_SIZE + 8);
		*faults += fault_expect_fetch((uintptr_t)area);
		*faults += fault_expect_read((uintptr_t)1 << 62);
	}
	vfree(area);
}

TEST(cpus, faults, "every CPU takes faults of its own, all at the same time, and goes on")
{
	require_more_than_one();
	test_run_on_cpus(test_nr_cpus(), take_faults, NULL);
	for (unsigned int cpu = 0; cpu < test_nr_cpus(); cpu++)
		expect_equal(seen[cpu].faults, 4 * FAULT_ROUNDS);
}

static void visit(void *context)
{
	(void)context;
	seen[platform_cpu()].visits++;
	seen[platform_cpu()].faults += fault_expect_read(VMALLOC_END - PAGE_SIZE);
}

TEST(cpus, dispatches, "CPUs come, fault and go again and again, called by the firmware each time")
{
	uint64_t rounds = test_option_number("rounds", 10);

	require_more_than_one();
	for (uint64_t i = 0; i < rounds; i++)
		expect(crew_call(visit, NULL));
	for (unsigned int cpu = 1; cpu < test_nr_cpus(); cpu++) {
		expect_equal(seen[cpu].visits, rounds);
		expect_equal(seen[cpu].faults, rounds);
	}
	expect_equal(seen[0].visits, 0);
}

TEST(cpus, rest, "CPUs that were sent to rest come when they are called again")
{
	require_more_than_one();
	for (int i = 0; i < 3; i++) {
		test_run_on_cpus(test_nr_cpus(), visit, NULL);
		crew_rest();
		for (unsigned int cpu = 1; cpu < test_nr_cpus(); cpu++)
			expect(!gate_is_closed_of(cpu));
	}
	for (unsigned int cpu = 0; cpu < test_nr_cpus(); cpu++)
		expect_equal(seen[cpu].visits, 3);
}

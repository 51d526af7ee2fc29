/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* The CPUs that a module sees: the one that it runs on. */

#define NR_CPUS PLATFORM_CPUS_MAX
#define nr_cpu_ids 1u
#define num_online_cpus() 1u
#define num_possible_cpus() 1u
#define num_present_cpus() 1u
#define smp_processor_id() 0u
#define raw_smp_processor_id() 0u
#define get_cpu() 0u
#define put_cpu() barrier()
#define cpu_online(cpu) ((cpu) == 0)
#define cpu_possible(cpu) ((cpu) == 0)

typedef struct cpumask {
	unsigned long bits[NR_CPUS / BITS_PER_LONG];
} cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define CPU_MASK_NONE ((cpumask_t){{0}})
#define CPU_MASK_CPU0 ((cpumask_t){{1}})
extern const struct cpumask linux_cpu0_mask;
#define cpu_online_mask (&linux_cpu0_mask)
#define cpu_possible_mask (&linux_cpu0_mask)
#define cpu_present_mask (&linux_cpu0_mask)
#define cpumask_of(cpu) ((void)(cpu), &linux_cpu0_mask)

#define cpumask_set_cpu(cpu, mask) ((void)((mask)->bits[0] |= 1ul << (cpu)))
#define cpumask_clear_cpu(cpu, mask) ((void)((mask)->bits[0] &= ~(1ul << (cpu))))
#define cpumask_test_cpu(cpu, mask) ((int)((mask)->bits[0] >> (cpu)&1))
#define cpumask_clear(mask) ((void)((mask)->bits[0] = 0))
#define cpumask_copy(to, from) ((void)((to)->bits[0] = (from)->bits[0]))
#define cpumask_or(to, a, b) ((void)((to)->bits[0] = (a)->bits[0] | (b)->bits[0]))
#define cpumask_empty(mask) (!(mask)->bits[0])
#define cpumask_weight(mask) ((unsigned int)__builtin_popcountl((mask)->bits[0]))

/* Whether any is left. */
static inline bool cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	to->bits[0] = a->bits[0] & b->bits[0];
	return to->bits[0];
}

/* NR_CPUS or more: there is none (any more). */
static inline unsigned int cpumask_next(int after, const struct cpumask *mask)
{
	unsigned long rest = after < 0 ? mask->bits[0] : mask->bits[0] & ~1ul << after;

	return after < NR_CPUS - 1 && rest ? (unsigned int)__builtin_ctzl(rest) : NR_CPUS;
}

#define cpumask_first(mask) cpumask_next(-1, mask)
#define for_each_cpu(cpu, mask)                                                                    \
	for ((cpu) = (int)cpumask_first(mask); (cpu) < NR_CPUS;                                    \
	     (cpu) = (int)cpumask_next((int)(cpu), mask))
#define for_each_online_cpu(cpu) for_each_cpu(cpu, cpu_online_mask)
#define for_each_possible_cpu(cpu) for_each_cpu(cpu, cpu_possible_mask)
#define for_each_present_cpu(cpu) for_each_cpu(cpu, cpu_present_mask)

/* 0, or -EINVAL for a mask without a CPU that is there. */
int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);
#define cpus_read_lock() barrier()
#define cpus_read_unlock() barrier()

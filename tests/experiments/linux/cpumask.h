/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* The CPUs that a module sees: those that take part in the run. */

unsigned int linux_nr_cpus(void);
unsigned int linux_this_cpu(void);

#define NR_CPUS PLATFORM_CPUS_MAX
#define nr_cpu_ids linux_nr_cpus()
#define num_online_cpus() linux_nr_cpus()
#define num_possible_cpus() linux_nr_cpus()
#define num_present_cpus() linux_nr_cpus()
#define smp_processor_id() linux_this_cpu()
#define raw_smp_processor_id() linux_this_cpu()
#define get_cpu() linux_this_cpu()
#define put_cpu() barrier()
#define cpu_online(cpu) ((cpu) < linux_nr_cpus())
#define cpu_possible(cpu) ((cpu) < linux_nr_cpus())

typedef struct cpumask {
	unsigned long bits[NR_CPUS / BITS_PER_LONG];
} cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define CPU_MASK_NONE ((cpumask_t){{0}})
#define CPU_MASK_CPU0 ((cpumask_t){{1}})
extern struct cpumask linux_online_mask, linux_cpu_masks[NR_CPUS];
#define cpu_online_mask ((const struct cpumask *)&linux_online_mask)
#define cpu_possible_mask cpu_online_mask
#define cpu_present_mask cpu_online_mask
#define cpumask_of(cpu) ((const struct cpumask *)&linux_cpu_masks[cpu])

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

/* The caller's own thread goes to a CPU of the mask at once. 0, or -EINVAL for a mask without a CPU
 * that is there, and for what runs and is not the caller's own thread. */
int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);
#define cpus_read_lock() barrier()
#define cpus_read_unlock() barrier()

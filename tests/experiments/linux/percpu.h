/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/cpumask.h>

/* What each CPU has for itself. */

#define DEFINE_PER_CPU(type, name) typeof(type) name[NR_CPUS]
#define DECLARE_PER_CPU(type, name) extern typeof(type) name[NR_CPUS]
#define per_cpu(name, cpu) ((name)[cpu])
#define get_cpu_var(name) per_cpu(name, smp_processor_id())
#define put_cpu_var(name) ((void)&(name))
#define this_cpu_read(name) per_cpu(name, smp_processor_id())
#define this_cpu_write(name, value) (per_cpu(name, smp_processor_id()) = (value))
#define this_cpu_add(name, value) (per_cpu(name, smp_processor_id()) += (value))
#define this_cpu_inc(name) (per_cpu(name, smp_processor_id())++)
#define this_cpu_dec(name) (per_cpu(name, smp_processor_id())--)

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/cpumask.h>

/* What each CPU has for itself. A module runs on one, so a static one is a plain variable. */

#define DEFINE_PER_CPU(type, name) typeof(type) name
#define DECLARE_PER_CPU(type, name) extern typeof(type) name
#define per_cpu(name, cpu) (*((void)(cpu), &(name)))
#define get_cpu_var(name) (name)
#define put_cpu_var(name) ((void)&(name))
#define this_cpu_read(name) (name)
#define this_cpu_write(name, value) ((name) = (value))
#define this_cpu_add(name, value) ((name) += (value))
#define this_cpu_inc(name) ((name)++)
#define this_cpu_dec(name) ((name)--)

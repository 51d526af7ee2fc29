/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/*
 * A module is the test experiment.NAME, NAME being its file's: its init runs, which may return 0 or
 * -EAGAIN (the way of test modules to be unloaded at once); after 0 its exit runs too.
 *
 * On Linux a header brings many others along, and sources rely on it; here <linux/module.h> has
 * everything.
 */
#define module_init(function_)                                                                     \
	static void (*linux_module_exit)(void);                                                    \
	TEST(experiment, LINUX_MODULE,                                                             \
	     "the module's init returns 0 or -EAGAIN, and nothing is left behind")                 \
	{                                                                                          \
		linux_module_run(LINUX_MODULE_NAME, function_, linux_module_exit);                 \
	}
#define module_exit(function_) static void (*linux_module_exit)(void) = function_;

#define early_initcall(function_) module_init(function_)
#define core_initcall(function_) module_init(function_)
#define subsys_initcall(function_) module_init(function_)
#define device_initcall(function_) module_init(function_)
#define late_initcall(function_) module_init(function_)

void linux_module_run(const char *name, int (*init)(void), void (*exit)(void));

/* What modinfo would show. */
#define LINUX_MODINFO(text) _Static_assert(sizeof(text) > 0, "a text")
#define MODULE_LICENSE(text) LINUX_MODINFO(text)
#define MODULE_AUTHOR(text) LINUX_MODINFO(text)
#define MODULE_DESCRIPTION(text) LINUX_MODINFO(text)
#define MODULE_VERSION(text) LINUX_MODINFO(text)
#define MODULE_ALIAS(text) LINUX_MODINFO(text)
#define MODULE_INFO(tag, text) LINUX_MODINFO(text)
#define MODULE_IMPORT_NS(name) _Static_assert(1, "a namespace")
#define EXPORT_SYMBOL(name) _Static_assert(1, "all symbols are seen")
#define EXPORT_SYMBOL_GPL(name) EXPORT_SYMBOL(name)
#define THIS_MODULE NULL
struct module;

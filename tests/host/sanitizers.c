/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

/*
 * What the sanitizers are told, here rather than in the environment: faults are ours first and
 * theirs afterwards (trap.c hands on what it does not know), signal stacks are ours, and the window
 * is no heap to be searched for leaks.
 */

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__tsan_default_options(void);
void __sanitizer_print_stack_trace(void) __attribute__((weak));

const char *__asan_default_options(void)
{
	return "handle_segv=1:use_sigaltstack=0:detect_leaks=0:detect_stack_use_after_return=0:"
	       "exitcode=2";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1:halt_on_error=1";
}

const char *__tsan_default_options(void)
{
	return "handle_segv=1:use_sigaltstack=0:exitcode=2:halt_on_error=1:report_signal_unsafe=0";
}

void host_print_stack(void)
{
	if (__sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
}

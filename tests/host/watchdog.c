/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watchdog.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "fault.h"
#include "platform.h"
#include "runner.h"
#include "status.h"
#include "trap.h"

enum { PATIENCE_SECONDS = 10 };

static pthread_t cpu0;
static clockid_t cpu0_clock;
static uint64_t alive; /* changes with every sign of life */

/* That CPU 0 has worked: on a busy host, or stopped by a person, it is not its fault. */
static unsigned int worked_seconds(void)
{
	struct timespec worked;

	if (clock_gettime(cpu0_clock, &worked)) {
		perror("CPU 0's clock");
		exit(EXIT_FAILURE);
	}
	return (unsigned int)worked.tv_sec;
}

static unsigned int silent_seconds(void)
{
	static uint64_t seen;
	static unsigned int since;
	uint64_t now = __atomic_load_n(&alive, __ATOMIC_RELAXED);

	if (now != seen) {
		seen = now;
		since = worked_seconds();
	}
	return worked_seconds() - since;
}

/* The NMI is sent once a second: one that met the host's own code was ignored. */
static void *watch(void *unused)
{
	for (;;) {
		unsigned int silent;

		sleep(1);
		silent = silent_seconds();
		if (silent > WATCHDOG_SECONDS + PATIENCE_SECONDS) {
			platform_log("# the run ends here: CPU 0 hangs");
			runner_close_early();
			_exit(STATUS_CRASHED);
		}
		if (silent > WATCHDOG_SECONDS)
			pthread_kill(cpu0, TRAP_NMI_SIGNAL);
	}
	return unused;
}

void watchdog_start(void)
{
	pthread_t thread;

	cpu0 = pthread_self();
	if (pthread_getcpuclockid(cpu0, &cpu0_clock)) {
		fputs("CPU 0 has no clock\n", stderr);
		exit(EXIT_FAILURE);
	}
	watchdog_reset();
	fault_set_time_limit(WATCHDOG_SECONDS * platform_ticks_per_second());
	if (pthread_create(&thread, NULL, watch, NULL)) {
		perror("thread of the watchdog");
		exit(EXIT_FAILURE);
	}
	pthread_detach(thread);
}

void watchdog_reset(void)
{
	__atomic_store_n(&alive, alive + 1, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "watchdog.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "fault.h"
#include "platform.h"
#include "runner.h"
#include "status.h"
#include "trap.h"

enum { PATIENCE_SECONDS = 10 };

static pthread_t cpu0;
static uint64_t alive; /* ticks */

static unsigned int silent_seconds(void)
{
	uint64_t ticks = platform_ticks() - __atomic_load_n(&alive, __ATOMIC_RELAXED);

	return (unsigned int)(ticks / platform_ticks_per_second());
}

/* The NMI is sent once a second: one that met the host's own code was ignored. */
static void *watch(void *unused)
{
	for (;;) {
		sleep(1);
		if (silent_seconds() > WATCHDOG_SECONDS + PATIENCE_SECONDS) {
			platform_log("# the run ends here: CPU 0 hangs");
			runner_close_early();
			_exit(STATUS_CRASHED);
		}
		if (silent_seconds() > WATCHDOG_SECONDS)
			pthread_kill(cpu0, TRAP_NMI_SIGNAL);
	}
	return unused;
}

void watchdog_start(void)
{
	pthread_t thread;

	cpu0 = pthread_self();
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
	__atomic_store_n(&alive, platform_ticks(), __ATOMIC_RELAXED);
}

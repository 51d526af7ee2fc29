/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "platform.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "host_clock.h"
#include "host_log.h"
#include "lib/lock.h"
#include "machine.h"
#include "runner.h"
#include "status.h"
#include "watchdog.h"

/* platform.h for a Linux process: what no register is needed for. registers.c has the rest. */

/*
 * With more CPUs than cores, whoever we wait for may not be running. Who only yields gets the core
 * back after a whole turn of every other process; who has slept gets it at once.
 */
void platform_pause(void)
{
	static __thread unsigned int turns;

	__builtin_ia32_pause();
	if (!(++turns % 64))
		nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
}

/* By CPU, a cache line each. */
static struct {
	uint64_t turns;
} __attribute__((aligned(64))) relaxed[PLATFORM_CPUS_MAX];

void platform_quiescent(void)
{
	lock_assert_none_held();
	__atomic_fetch_add(&relaxed[platform_cpu()].turns, 1, __ATOMIC_SEQ_CST);
}

void platform_relax(void)
{
	if (!platform_cpu())
		watchdog_reset();
	platform_quiescent();
}

uint64_t platform_relaxed(unsigned int cpu)
{
	return __atomic_load_n(&relaxed[cpu].turns, __ATOMIC_SEQ_CST);
}

static uint64_t real_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t rate = 1, rate_since, ticks_before;

void host_clock_rate(uint64_t times)
{
	ticks_before = platform_ticks();
	rate_since = real_ticks();
	rate = times;
}

uint64_t platform_ticks(void)
{
	return ticks_before + (real_ticks() - rate_since) * rate;
}

uint64_t platform_ticks_per_second(void)
{
	return 1000000000;
}

static bool hushed;
static unsigned int hushed_lines;

unsigned int host_log_hush(bool on)
{
	unsigned int lines = hushed_lines;

	hushed = on;
	hushed_lines = 0;
	return lines;
}

static char *capture;
static size_t capture_room;

void host_log_capture(char *buffer, size_t size)
{
	capture = buffer;
	capture_room = size;
	if (buffer)
		buffer[0] = '\0';
}

static void keep_line(const char *line)
{
	bool diagnostic = line[0] == '#' && line[1] == ' ';
	int length = snprintf(capture, capture_room, "%s\n", line + 2 * diagnostic);

	if (length >= 0 && (size_t)length < capture_room) {
		capture += length;
		capture_room -= (size_t)length;
	}
}

/* One write() a line: lines of several CPUs do not mix, and a signal handler may call it. */
void platform_log(const char *line)
{
	char text[PLATFORM_LINE_MAX];
	size_t length = strnlen(line, PLATFORM_LINE_MAX - 1);

	if (hushed) {
		hushed_lines++;
		return;
	}
	if (capture) {
		keep_line(line);
		return;
	}
	memcpy(text, line, length);
	text[length++] = '\n';
	for (size_t done = 0; done < length;) {
		ssize_t written = write(STDOUT_FILENO, text + done, length - done);

		if (written <= 0)
			break;
		done += (size_t)written;
	}
}

/* Present where coverage is counted alone. */
void __gcov_dump(void) __attribute__((weak));

void host_leave(int status)
{
	if (__gcov_dump)
		__gcov_dump();
	_exit(status);
}

_Noreturn void platform_abort(const char *reason)
{
	char line[PLATFORM_LINE_MAX];

	snprintf(line, sizeof(line), "# the run ends here: %s", reason);
	platform_log(line);
	host_print_stack();
	runner_close_early();
	host_leave(STATUS_CRASHED);
}

bool platform_cpu_inside(unsigned int cpu)
{
	return __atomic_load_n(&machine_cpu(cpu)->inside, __ATOMIC_SEQ_CST);
}

struct cpu_features *machine_features(void)
{
	static struct cpu_features features = {
		.nx = true,
		.pge = true,
		.gib_leaves = true,
		.la57 = true,
		.pat = true,
		.mtrr = true,
		.smep = true,
		.invpcid = true,
		.hypervisor = true,
		.phys_bits = MACHINE_PHYS_BITS,
	};

	if (!features.levels) /* the first call comes before the other threads */
		features.levels = machine_config()->inside;
	return &features;
}

const struct cpu_features *platform_cpu_features(void)
{
	return machine_features();
}

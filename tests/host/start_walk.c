/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "start_walk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fail.h"
#include "host_log.h"
#include "slab.h"
#include "status.h"
#include "vmalloc.h"

enum { STEPS_MAX = 2000 };
enum step {
	STEP_FAILED = 20,
	STEP_SURVIVED,
	STEP_PASSED,
	STEP_WRONG_ERROR,
	STEP_NOT_AGAIN,
	STEP_UNSOUND,
	STEP_UNSAID,
};

/* What a start is for, once each. */
static bool works(void)
{
	void *area = vmalloc(3 * PAGE_SIZE);
	bool good = area;

	vfree(area);
	for (size_t size = KMALLOC_MIN_SIZE; size <= 2 * KMALLOC_MAX_CACHE_SIZE; size *= 2) {
		void *object = kmalloc(size, GFP_KERNEL);

		good &= object != NULL;
		kfree(object);
	}
	return good;
}

static char said[1024];

/* Whether the last line says which part of mm found no memory. */
static bool says_why(void)
{
	static const char end[] = ": error 12\n";
	size_t length = strlen(said);
	const char *last = said + length;

	if (length < sizeof(end) || strcmp(last - (sizeof(end) - 1), end))
		return false;
	for (last--; last > said && last[-1] != '\n'; last--)
		;
	return !strncmp(last, "mm: ", 4);
}

static enum step run(int (*start)(void), int (*enter)(void), unsigned int nth)
{
	int error;

	fail_arm(nth, FAIL_ALL_POINTS);
	error = start();
	if (error) {
		fail_disarm();
		if (error != -ENOMEM)
			return STEP_WRONG_ERROR;
		return start() ? STEP_NOT_AGAIN : STEP_FAILED;
	}
	host_log_capture(said, sizeof(said));
	error = enter();
	host_log_capture(NULL, 0);
	if (!fail_disarm())
		return error ? STEP_WRONG_ERROR : STEP_PASSED;
	if (!error) /* there was another way */
		return works() && !mm_check() ? STEP_SURVIVED : STEP_UNSOUND;
	if (error != -ENOMEM)
		return STEP_WRONG_ERROR;
	return says_why() ? STEP_FAILED : STEP_UNSAID;
}

/* In a process of its own, whose lines nobody wants. */
static int run_apart(int (*start)(void), int (*enter)(void), unsigned int nth)
{
	int status, nowhere;
	pid_t child = fork();

	if (child == 0) {
		nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDOUT_FILENO);
		host_leave((int)run(start, enter, nth));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

const char *start_walk(int (*start)(void), int (*enter)(void), unsigned int *steps)
{
	static char problem[96];
	unsigned int nth = 0, failed = 0;
	int step;

	fflush(stdout);
	do {
		step = run_apart(start, enter, ++nth);
		failed += step == STEP_FAILED;
	} while ((step == STEP_FAILED || step == STEP_SURVIVED) && nth < STEPS_MAX);
	*steps = nth - 1;
	if (step == STEP_PASSED && failed)
		return NULL;
	snprintf(problem, sizeof(problem), "allocation %u of the start failed, and %s", nth,
		 step == STEP_WRONG_ERROR ? "the error is another one"
		 : step == STEP_NOT_AGAIN ? "another start failed too"
		 : step == STEP_UNSOUND	  ? "what came of it does not check"
		 : step == STEP_UNSAID	  ? "the last line does not say so"
					  : "the process ended");
	return problem;
}

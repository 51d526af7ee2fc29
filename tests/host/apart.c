/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "apart.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "machine.h"
#include "status.h"
#include "test.h"

enum { SAID_MAX = 16384, SECONDS_MAX = 60 };

static char said[SAID_MAX];

/* Standard error has only stacks of what was wanted; a sanitizer that objects changes the status.
 */
static _Noreturn void run_copy(void (*function)(void), const int ends[2])
{
	int nowhere = open("/dev/null", O_WRONLY);

	dup2(ends[1], STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	alarm(SECONDS_MAX);
	if (!machine_copy_memory())
		host_leave(STATUS_FAILED);
	function();
	host_leave(STATUS_PASSED);
}

static void read_all(int end)
{
	size_t length = 0;
	ssize_t nr;

	while ((nr = read(end, said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)nr;
	said[length] = '\0';
	close(end);
}

const char *apart(void (*function)(void), int *status)
{
	int ends[2], result = 0;
	pid_t child;

	*status = -1;
	said[0] = '\0';
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		return said;
	child = fork();
	if (child == 0)
		run_copy(function, ends);
	close(ends[1]);
	read_all(ends[0]);
	if (child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result))
		*status = WEXITSTATUS(result);
	return said;
}

/* The rest of the line behind "the run ends here: ", without its newline; "": there is none. */
static const char *last_words(const char *text)
{
	static const char begin[] = "# the run ends here: ";
	static char words[512];
	const char *line = strstr(text, begin);

	snprintf(words, sizeof(words), "%s", line ? line + sizeof(begin) - 1 : "");
	words[strcspn(words, "\n")] = '\0';
	return words;
}

bool apart_ends(void (*function)(void), const char *reason)
{
	int status;
	const char *text = apart(function, &status), *words = last_words(text);

	size_t length = strlen(words), wanted = strlen(reason);

	if (status == STATUS_CRASHED && length >= wanted &&
	    !strcmp(words + length - wanted, reason))
		return true;
	test_note("status %d, the run ends with \"%s\", expected \"%s\"", status, words, reason);
	return false;
}

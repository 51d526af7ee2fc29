/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"
#include <stdarg.h>
#include "gate.h"
#include "kept.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "platform.h"
#include "quiet.h"
#include "ring.h"
#include "screen.h"
#include "serial.h"

enum {
	LOCK_TURNS_MAX = 10000000, /* then its holder is taken for lost: the ring is left alone */
	NOTE_PREFIX = 2,
};

static struct ring ring;
static struct spinlock ring_lock = SPINLOCK("log", LOCK_RANK_LOG);
static bool ready, hides_addresses;

/* Any context, exception handlers too: tried, with a bound. */
static bool try_hard(void)
{
	for (int turn = 0; turn < LOCK_TURNS_MAX; turn++) {
		if (spin_trylock(&ring_lock))
			return true;
		platform_pause();
	}
	return false;
}

/* To people, and for the files on the stick. */
static void deliver(const char *line, size_t length)
{
	kept_line(line, length);
	screen_line(line, length);
}

static void report_lost(void)
{
	static uint64_t reported;
	char line[80];
	int length;

	if (ring.lost == reported)
		return;
	length = scnprintf(line, sizeof(line), "# %llu lines are missing here",
			   (unsigned long long)(ring.lost - reported));
	reported = ring.lost;
	deliver(line, (size_t)length);
}

void console_flush(void)
{
	char line[PLATFORM_LINE_MAX];
	int length;

	if (!ready)
		return;
	report_lost();
	for (;;) {
		spin_lock(&ring_lock);
		length = ring_get(&ring, line, sizeof(line));
		spin_unlock(&ring_lock);
		if (length < 0)
			break;
		deliver(line, (size_t)length);
	}
}

bool console_is_filling(void)
{
	return ring_pending(&ring) > RING_BYTES / 2;
}

void console_init(bool under_hypervisor)
{
	serial_init(under_hypervisor);
	kept_start();
	ready = true;
	console_flush();
}

static size_t line_length(const char *line)
{
	size_t length = 0;

	while (length < PLATFORM_LINE_MAX - 1 && line[length])
		length++;
	return length;
}

void console_hide_addresses(void)
{
	hides_addresses = true;
}

void platform_log(const char *line)
{
	char quiet[PLATFORM_LINE_MAX];
	size_t length = line_length(line);
	bool locked = try_hard();

	if (hides_addresses) {
		memcpy(quiet, line, length);
		quiet[length] = '\0';
		quiet_line(quiet);
		line = quiet;
		length = line_length(line);
	}
	serial_line(line, length);
	if (locked) {
		ring_put(&ring, line, length);
		spin_unlock(&ring_lock);
	}
	if (platform_cpu() == 0 && !gate_is_closed())
		console_flush();
}

void log_note(const char *format, ...)
{
	char line[PLATFORM_LINE_MAX] = "# ";
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(line + NOTE_PREFIX, sizeof(line) - NOTE_PREFIX, format, arguments);
	va_end(arguments);
	platform_log(line);
}

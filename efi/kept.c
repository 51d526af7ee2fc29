/* SPDX-License-Identifier: BSD-2-Clause */
#include "kept.h"
#include "firmware.h"
#include "levels.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform.h"

enum { SPARED_BYTES = 32 << 10, STAMP_MAX = 24 };

static struct {
	char *bytes;
	size_t used;
} kept[KEPT_FORMS];
static bool full, ending;
static uint64_t start;

void kept_start(void)
{
	start = platform_ticks();
	for (unsigned int form = 0; form < KEPT_FORMS; form++) {
		kept[form].bytes = firmware_pages(KEPT_BYTES >> PAGE_SHIFT);
		kept[form].used = 0;
	}
	full = ending = false;
}

void kept_stop(void)
{
	for (unsigned int form = 0; form < KEPT_FORMS; form++) {
		if (kept[form].bytes)
			firmware_free_pages(kept[form].bytes, KEPT_BYTES >> PAGE_SHIFT);
		kept[form].bytes = NULL;
		kept[form].used = 0;
	}
}

static void append(enum kept_form form, const char *text, size_t length)
{
	memcpy(kept[form].bytes + kept[form].used, text, length);
	kept[form].used += length;
}

static int format_stamp(char stamp[STAMP_MAX])
{
	uint64_t per_ms = platform_ticks_per_second() / 1000;
	uint64_t ms = (platform_ticks() - start) / (per_ms ? per_ms : 1);

	return scnprintf(stamp, STAMP_MAX, "%5llu.%03u  ", (unsigned long long)(ms / 1000),
			 (unsigned int)(ms % 1000));
}

static bool has_room(size_t length, size_t spared)
{
	return kept[KEPT_LOG].used + STAMP_MAX + length + 2 + spared <= KEPT_BYTES;
}

static void put(const char *line, size_t length)
{
	char stamp[STAMP_MAX];

	append(KEPT_TAP, line, length);
	append(KEPT_TAP, "\n", 1);
	append(KEPT_LOG, stamp, (size_t)format_stamp(stamp));
	append(KEPT_LOG, line, length);
	append(KEPT_LOG, "\r\n", 2);
}

static bool matters(const char *line, size_t length)
{
	return ending || (length > 6 && !memcmp(line, "not ok", 6));
}

void kept_line(const char *line, size_t length)
{
	static const char note[] =
		"# this file is full: from here on it has the failed tests and the end";

	if (!kept[KEPT_TAP].bytes || !kept[KEPT_LOG].bytes)
		return;
	if (!full && !ending && !has_room(length, SPARED_BYTES)) {
		full = true;
		put(note, sizeof(note) - 1);
	}
	if ((!full || matters(line, length)) && has_room(length, 0))
		put(line, length);
}

void kept_end(void)
{
	ending = true;
}

struct word kept_text(enum kept_form form)
{
	return (struct word){kept[form].bytes, kept[form].used};
}

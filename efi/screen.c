/* SPDX-License-Identifier: BSD-2-Clause */
#include "screen.h"
#include <stdarg.h>
#include "firmware.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform.h"

enum { NOTES_BYTES = 8192, COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 25 };

/* Of the header and the end, what only the files need. */
static const char *const minor[] = {
	"# taken ",	  "# features: ",  "# paging",	      "# nodes",	"# tables: ",
	"# image base ",  "# PAGE_OFF",	   "# VMEMMAP_START", "KTAP version 1", "1..",
	"# TLB flushes ", "# gate closed", "# firmware map",  "# memory: ",	"# simulated",
};

static enum verbosity verbosity = VERBOSITY_NORMAL;
static enum { IN_HEADER, IN_TESTS, AT_END } part;
static char notes[NOTES_BYTES]; /* of the test that runs: shown if it fails */
static size_t notes_used;
static bool notes_lost;
static size_t status_length;

static SIMPLE_TEXT_OUTPUT_INTERFACE *out(void)
{
	return firmware.system->ConOut;
}

static void set_colour(enum screen_colour colour)
{
	static const uint8_t attributes[] = {
		[SCREEN_PLAIN] = EFI_LIGHTGRAY, [SCREEN_GOOD] = EFI_LIGHTGREEN,
		[SCREEN_BAD] = EFI_LIGHTRED,	[SCREEN_WARNING] = EFI_YELLOW,
		[SCREEN_BRIGHT] = EFI_WHITE,	[SCREEN_BAR] = EFI_BLACK | EFI_BACKGROUND_LIGHTGRAY,
	};

	efi_call(out(), SetAttribute, out(), attributes[colour]);
}

/* Text over the status line, blanks over the rest of that; and "\r\n" with `end`. */
static void put(const char *text, size_t length, enum screen_colour colour, bool end)
{
	CHAR16 wide[PLATFORM_LINE_MAX + 4];
	size_t used = 0;

	if (!out())
		return;
	wide[used++] = '\r';
	for (size_t i = 0; i < length && i < PLATFORM_LINE_MAX - 1; i++)
		wide[used++] = text[i] >= ' ' && text[i] < 0x7f ? (CHAR16)text[i]
			       : text[i] == '\t'		? ' '
								: '?';
	for (; used <= status_length && used < PLATFORM_LINE_MAX; used++)
		wide[used] = ' ';
	if (end) {
		wide[used++] = '\r';
		wide[used++] = '\n';
	}
	wide[used] = 0;
	if (colour != SCREEN_PLAIN)
		set_colour(colour);
	efi_call(out(), OutputString, out(), wide);
	if (colour != SCREEN_PLAIN)
		set_colour(SCREEN_PLAIN);
	status_length = 0;
}

unsigned int screen_columns(void)
{
	UINTN columns = 0, rows;

	if (!out() ||
	    EFI_ERROR(efi_call(out(), QueryMode, out(), (UINTN)out()->Mode->Mode, &columns, &rows)))
		return COLUMNS_DEFAULT;
	return columns >= 40 && columns < PLATFORM_LINE_MAX ? (unsigned int)columns
							    : COLUMNS_DEFAULT;
}

unsigned int screen_rows(void)
{
	UINTN columns, rows = 0;

	if (!out() ||
	    EFI_ERROR(efi_call(out(), QueryMode, out(), (UINTN)out()->Mode->Mode, &columns, &rows)))
		return ROWS_DEFAULT;
	return rows >= 10 ? (unsigned int)rows : ROWS_DEFAULT;
}

void screen_clear(void)
{
	if (out())
		efi_call(out(), ClearScreen, out());
	status_length = 0;
}

void screen_print(enum screen_colour colour, const char *format, ...)
{
	char text[PLATFORM_LINE_MAX];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = (size_t)vscnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= screen_columns())
		length = screen_columns() - 1;
	put(text, length, colour, true);
}

void screen_status(const char *text)
{
	size_t length = text ? strlen(text) : 0, most = screen_columns() - 1;

	if (!text && !status_length)
		return;
	length = length < most ? length : most;
	put(text ? text : "", length, text ? SCREEN_BAR : SCREEN_PLAIN, false);
	status_length = length;
}

bool screen_has_status(void)
{
	return status_length > 0;
}

void screen_set_verbosity(enum verbosity wished)
{
	verbosity = wished;
}

enum verbosity screen_verbosity(void)
{
	return verbosity;
}

void screen_end_of_tests(void)
{
	part = AT_END;
}

static bool begins(const char *line, size_t length, const char *text)
{
	return length >= strlen(text) && !memcmp(line, text, strlen(text));
}

static bool is_minor(const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof(minor) / sizeof(minor[0]); i++)
		if (begins(line, length, minor[i]))
			return true;
	return false;
}

static void keep_note(const char *line, size_t length)
{
	if (notes_used + length + 1 > sizeof(notes)) {
		notes_lost = true;
		return;
	}
	memcpy(notes + notes_used, line, length);
	notes[notes_used + length] = '\n';
	notes_used += length + 1;
}

static void show_notes(void)
{
	for (size_t at = 0; at < notes_used;) {
		size_t length = 0;

		while (notes[at + length] != '\n')
			length++;
		put(notes + at, length, SCREEN_WARNING, true);
		at += length + 1;
	}
	if (notes_lost)
		put("# (more in the files)", 21, SCREEN_WARNING, true);
}

static enum screen_colour colour_of(const char *line, size_t length)
{
	if (begins(line, length, "not ok "))
		return SCREEN_BAD;
	for (size_t i = 0; i + 7 < length; i++)
		if (!memcmp(line + i, " # SKIP", 7))
			return SCREEN_WARNING;
	return SCREEN_PLAIN;
}

static void show_result(const char *line, size_t length)
{
	bool failed = begins(line, length, "not ok ");

	if (failed && verbosity != VERBOSITY_DETAILS)
		show_notes();
	if (failed || verbosity != VERBOSITY_QUIET)
		put(line, length, colour_of(line, length), true);
	notes_used = 0;
	notes_lost = false;
}

void screen_line(const char *line, size_t length)
{
	bool is_result = begins(line, length, "ok ") || begins(line, length, "not ok ");

	if (begins(line, length, "KTAP version"))
		part = IN_TESTS;
	if (is_result)
		show_result(line, length);
	else if (verbosity == VERBOSITY_DETAILS)
		put(line, length, SCREEN_PLAIN, true);
	else if (part == IN_TESTS)
		keep_note(line, length);
	else if (!is_minor(line, length))
		put(line, length, SCREEN_PLAIN, true);
}

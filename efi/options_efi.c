/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_efi.h"
#include "console.h"
#include "firmware.h"
#include "levels.h"
#include "lib/string.h"
#include "option_value.h"
#include "text.h"
#include "volume.h"

enum { CONFIG_BYTES_MAX = 1 << 20, LOAD_OPTIONS_BYTES_MAX = 1 << 16, NAME_MAX = 64 };

static void log_complaint(void *source, const char *line)
{
	log_note("%s: %s", (const char *)source, line);
}

static char lower_case(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins_with(struct word word, const char *text, size_t nr)
{
	if (word.length < nr)
		return false;
	for (size_t i = 0; i < nr; i++)
		if (lower_case(word.text[i]) != lower_case(text[i]))
			return false;
	return true;
}

/* The file's name as the loader gave it, without its folders and its ".efi". */
static size_t own_name(char name[NAME_MAX])
{
	const EFI_DEVICE_PATH *path = firmware.loaded->FilePath;
	char full[256];
	size_t start = 0, end = 0;

	if (!path || path->Type != MEDIA_DEVICE_PATH || path->SubType != MEDIA_FILEPATH_DP)
		return 0;
	firmware_text(((const FILEPATH_DEVICE_PATH *)path)->PathName, sizeof(full) - 1, full,
		      sizeof(full));
	for (; full[end]; end++)
		if (full[end] == '\\')
			start = end + 1;
	if (end >= start + 4 && begins_with((struct word){full + end - 4, 4}, ".efi", 4))
		end -= 4;
	if (end - start >= NAME_MAX)
		return 0;
	for (size_t i = start; i < end; i++)
		name[i - start] = full[i];
	return end - start;
}

/* The shell passes the whole command line, and so the program's name first; others do not. */
static bool is_program_name(struct word word)
{
	char name[NAME_MAX];
	size_t length = own_name(name);

	for (size_t i = 0; i < word.length; i++)
		if (word.text[i] == '\\')
			return true;
	if (word.length >= 4 &&
	    begins_with((struct word){word.text + word.length - 4, 4}, ".efi", 4))
		return true;
	return length > 0 && word.length == length && begins_with(word, name, length);
}

static void parse_text(struct options *options, struct word text, const char *source,
		       bool may_begin_with_name)
{
	struct word rest = text, first;

	if (!text_is_readable(text.text, text.length)) {
		log_note("%s: not text (%zu bytes), skipped", source, text.length);
		return;
	}
	if (may_begin_with_name && word_next(&rest, &first) && is_program_name(first))
		text = rest;
	options_parse(options, text.text, text.length, log_complaint, (void *)source);
}

static void parse_bytes(struct options *options, const void *bytes, size_t size, const char *source,
			bool may_begin_with_name)
{
	size_t room = size / 2 * 3 + 4, pages = (room + PAGE_SIZE - 1) >> PAGE_SHIFT;
	char *text = firmware_pages(pages);

	if (!text) {
		log_note("%s: no memory to read it, skipped", source);
		return;
	}
	parse_text(options, (struct word){text, text_decode(bytes, size, text, room)}, source,
		   may_begin_with_name);
	firmware_free_pages(text, pages);
}

static void parse_file(struct options *options, EFI_FILE_HANDLE file, const char *source)
{
	uint64_t size = file_size(file);
	size_t bytes, pages;
	void *contents;

	if (!size)
		return;
	if (size > CONFIG_BYTES_MAX) {
		log_note("%s: larger than 1 MiB, skipped", source);
		return;
	}
	contents = file_contents(file, CONFIG_BYTES_MAX, &bytes, &pages);
	if (!contents) {
		log_note("%s: cannot be read", source);
		return;
	}
	parse_bytes(options, contents, bytes, source, false);
	firmware_free_pages(contents, pages);
}

static void read_config(struct options *options)
{
	static const char source[] = "vmlab.cfg";
	EFI_FILE_HANDLE root = volume_boot(), file = NULL;
	EFI_STATUS status;

	if (!root) {
		log_note("%s: no file system on the device that vmlab came from", source);
		return;
	}
	status = file_open(root, source, false, &file);
	if (!EFI_ERROR(status)) {
		parse_file(options, file, source);
		file_close(file);
	} else if (status != EFI_NOT_FOUND) {
		log_note("%s: cannot be opened: %s", source, firmware_status_name(status));
	}
	file_close(root);
}

static void read_load_options(struct options *options)
{
	static const char source[] = "load options";
	UINT32 size = firmware.loaded ? firmware.loaded->LoadOptionsSize : 0;

	if (!size || !firmware.loaded->LoadOptions)
		return;
	if (size > LOAD_OPTIONS_BYTES_MAX)
		log_note("%s: %u bytes are too many, skipped", source, size);
	else
		parse_bytes(options, firmware.loaded->LoadOptions, size, source, true);
}

void options_read(struct options *options)
{
	options_default(options);
	read_config(options);
	read_load_options(options);
}

void options_reread(struct options *options, const char *words)
{
	options_default(options);
	options_parse(options, words, strlen(words), log_complaint, "menu");
}

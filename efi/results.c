/* SPDX-License-Identifier: BSD-2-Clause */
#include "results.h"
#include "console.h"
#include "kept.h"
#include "ktap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform.h"
#include "results_past.h"
#include "volume.h"

enum { FORM_BYTES = 256 << 10, RUNNING_LINE_MAX = 160, CONFIG_BYTES_MAX = 8192 };

/* A form of the log, on its way to its file. */
struct copy {
	const char *name;
	EFI_FILE_HANDLE file;
	size_t written;
};

static struct copy copies[KEPT_FORMS] = {
	[KEPT_TAP] = {.name = "results.tap"},
	[KEPT_LOG] = {.name = "log.txt"},
};
static EFI_FILE_HANDLE vmlab, folder;
static uint64_t number;
static size_t tail; /* bytes of the line "# running: " that stands behind results.tap's last line */

bool results_kept(void)
{
	return folder != NULL;
}

static void close_run(void)
{
	for (unsigned int form = 0; form < KEPT_FORMS; form++) {
		file_close(copies[form].file);
		copies[form].file = NULL;
	}
	file_close(folder);
	folder = NULL;
}

static void close_all(void)
{
	close_run();
	file_close(vmlab);
	vmlab = NULL;
}

static void give_up(const char *what, EFI_STATUS status)
{
	close_all();
	log_note("results: not kept: %s: %s", what, firmware_status_name(status));
}

/* The folder \vmlab of a volume; closes `root`. */
static EFI_STATUS open_vmlab(EFI_FILE_HANDLE root)
{
	EFI_STATUS status = root ? folder_make(root, "vmlab", &vmlab) : EFI_NOT_FOUND;

	if (EFI_ERROR(status))
		vmlab = NULL;
	file_close(root);
	return status;
}

/* An earlier run that was killed is closed, and continued where that is wished. */
static void look_back(struct options *options)
{
	static struct options before;
	uint64_t last = past_newest(vmlab);
	char running[PAST_NAME_MAX];

	if (!past_close(vmlab, last, running))
		return;
	log_note("results: run %04llu did not come to its end: it stopped %s%s",
		 (unsigned long long)last, running[0] ? "in " : "outside any test", running);
	if (!running[0] || !options->resume || !past_options(vmlab, last, &before) ||
	    !before.seed_given || !options_same_run(options, &before))
		return;
	options->seed = before.seed;
	options->seed_given = true;
	memcpy(options->after, running, sizeof(options->after));
	log_note("continues: run %04llu, behind %s (resume=off: from the start)",
		 (unsigned long long)last, running);
}

void results_open(struct options *options)
{
	EFI_STATUS status;

	if (options->results == RESULTS_OFF)
		return;
	status = open_vmlab(volume_boot());
	if (EFI_ERROR(status) && options->results == RESULTS_ON)
		status = open_vmlab(volume_search());
	if (!EFI_ERROR(status))
		look_back(options);
	else if (status == EFI_NOT_FOUND)
		log_note("results: not kept: no file system to keep them on");
	else
		give_up("\\vmlab", status);
}

static void put_option(void *context, const char *word)
{
	struct text_out *out = context;

	text_put_string(out, word);
	text_put_string(out, "\r\n");
}

/* The seed is among them, drawn or given, unless it is to be hidden. */
static EFI_STATUS make_config(const struct options *options)
{
	static char text[CONFIG_BYTES_MAX];
	static struct options used;
	struct text_out out = {.bytes = text, .size = sizeof(text)};
	EFI_FILE_HANDLE file;
	EFI_STATUS status;

	text_put_string(&out, "# the options of this run\r\n");
	used = *options;
	used.seed_given = !options->quiet_addresses;
	options_words(&used, put_option, &out);
	status = file_make(folder, "vmlab.cfg", out.used, &file);
	if (EFI_ERROR(status))
		return status;
	status = file_write(file, 0, text, out.used);
	if (!EFI_ERROR(status))
		status = file_flush(file);
	file_close(file);
	return status;
}

static EFI_STATUS make_form(const char *name)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status = file_make(folder, name, FORM_BYTES, &file);

	if (!EFI_ERROR(status))
		file_close(file);
	return status;
}

static EFI_STATUS make_files(const struct options *options)
{
	EFI_STATUS status = make_config(options);

	for (unsigned int form = 0; form < KEPT_FORMS && !EFI_ERROR(status); form++) {
		copies[form].written = 0;
		status = file_make(folder, copies[form].name, KEPT_BYTES, &copies[form].file);
		if (EFI_ERROR(status))
			copies[form].file = NULL;
	}
	if (!EFI_ERROR(status))
		status = make_form("junit.xml");
	return EFI_ERROR(status) ? status : make_form("results.json");
}

void results_begin(const struct options *options)
{
	char name[PAST_FOLDER_MAX];
	EFI_STATUS status;

	if (!vmlab)
		return;
	past_prune(vmlab, options->keep - 1);
	number = past_newest(vmlab) + 1;
	tail = 0;
	status = folder_make(vmlab, past_folder(number, name), &folder);
	if (EFI_ERROR(status))
		folder = NULL;
	else
		status = make_files(options);
	if (!EFI_ERROR(status)) {
		log_note("results: \\vmlab\\%s", name);
		return;
	}
	/* A torn run would be taken for one that was killed. */
	close_run();
	past_delete(vmlab, number);
	give_up(name, status);
}

/* What a form has that its file has not. */
static EFI_STATUS write_new(enum kept_form form)
{
	struct copy *copy = &copies[form];
	struct word text = kept_text(form);
	EFI_STATUS status = EFI_SUCCESS;

	if (copy->written < text.length)
		status = file_write(copy->file, copy->written, text.text + copy->written,
				    text.length - copy->written);
	copy->written = text.length;
	return status;
}

/* The line that says what is running, behind the last one, and blanks over what is left of the line
 * that stood there before, up to `before`. */
static EFI_STATUS write_tail(const char *running, size_t before)
{
	char line[2 * RUNNING_LINE_MAX];
	size_t at = copies[KEPT_TAP].written;

	tail = 0;
	if (running[0])
		tail = (size_t)scnprintf(line, RUNNING_LINE_MAX, "# " KTAP_RUNNING "%s\n", running);
	while (at + tail < before && tail < sizeof(line))
		line[tail++] = ' ';
	return tail ? file_write(copies[KEPT_TAP].file, at, line, tail) : EFI_SUCCESS;
}

static EFI_STATUS sync_tap(const char *running)
{
	size_t before = copies[KEPT_TAP].written + tail;
	EFI_STATUS status = write_new(KEPT_TAP);

	if (!EFI_ERROR(status))
		status = write_tail(running, before);
	return EFI_ERROR(status) ? status : file_flush(copies[KEPT_TAP].file);
}

static EFI_STATUS sync_log(void)
{
	EFI_STATUS status = write_new(KEPT_LOG);

	return EFI_ERROR(status) ? status : file_flush(copies[KEPT_LOG].file);
}

/* What people read need not be there at once. */
static bool log_is_due(void)
{
	static uint64_t last;
	uint64_t now = platform_ticks();

	if (now - last < platform_ticks_per_second())
		return false;
	last = now;
	return true;
}

void results_sync(const char *running)
{
	EFI_STATUS status;

	if (!folder)
		return;
	status = sync_tap(running);
	if (!EFI_ERROR(status) && log_is_due())
		status = sync_log();
	if (EFI_ERROR(status))
		give_up("no longer", status);
}

static EFI_STATUS finish_copies(void)
{
	EFI_STATUS status = sync_tap("");

	if (!EFI_ERROR(status))
		status = sync_log();
	for (unsigned int form = 0; form < KEPT_FORMS && !EFI_ERROR(status); form++)
		status = file_trim(copies[form].file, copies[form].written);
	return status;
}

void results_end(const char *verdict)
{
	const struct results_run run = {.number = number,
					.log = kept_text(KEPT_TAP),
					.verdict = {verdict, strlen(verdict)}};
	EFI_STATUS status;

	if (!folder)
		return;
	status = finish_copies();
	if (!EFI_ERROR(status))
		status = results_write_forms(folder, &run);
	if (EFI_ERROR(status))
		give_up("not to the end", status);
	close_all();
}

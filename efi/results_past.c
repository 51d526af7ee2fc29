/* SPDX-License-Identifier: BSD-2-Clause */
#include "results_past.h"
#include "console.h"
#include "ktap.h"
#include "levels.h"
#include "lib/format.h"
#include "lib/string.h"
#include "volume.h"

enum { FILES_MAX = 64, CLOSING_MAX = 1024, RUNS_MAX = 100000 };

const char *past_folder(uint64_t number, char name[PAST_FOLDER_MAX])
{
	scnprintf(name, PAST_FOLDER_MAX, "%04llu", (unsigned long long)number);
	return name;
}

/* What the entries of \vmlab are: runs, counted. */
struct census {
	uint64_t newest, oldest, nr;
};

bool past_number(const char *name, uint64_t *number)
{
	return strlen(name) >= 4 && word_number((struct word){name, strlen(name)}, "", number) &&
	       *number;
}

static void count_run(void *context, const char *name)
{
	struct census *census = context;
	uint64_t number;

	if (!past_number(name, &number))
		return;
	census->nr++;
	if (number > census->newest)
		census->newest = number;
	if (!census->oldest || number < census->oldest)
		census->oldest = number;
}

static struct census take_census(EFI_FILE_HANDLE vmlab)
{
	struct census census = {.nr = 0};

	folder_each(vmlab, count_run, &census);
	return census;
}

uint64_t past_newest(EFI_FILE_HANDLE vmlab)
{
	return take_census(vmlab).newest;
}

static void keep_first(void *context, const char *name)
{
	char *first = context;

	if (!first[0])
		scnprintf(first, PAST_NAME_MAX, "%s", name);
}

/* Deletes what is in it, then itself. */
static bool delete_folder(EFI_FILE_HANDLE folder)
{
	for (unsigned int i = 0; i < FILES_MAX; i++) {
		char name[PAST_NAME_MAX] = "";
		EFI_FILE_HANDLE file;

		folder_each(folder, keep_first, name);
		if (!name[0])
			return file_delete(folder) == EFI_SUCCESS;
		if (EFI_ERROR(file_open(folder, name, true, &file)) ||
		    file_delete(file) != EFI_SUCCESS)
			break;
	}
	file_close(folder);
	return false;
}

bool past_delete(EFI_FILE_HANDLE vmlab, uint64_t number)
{
	char name[PAST_FOLDER_MAX];
	EFI_FILE_HANDLE folder;

	return !EFI_ERROR(file_open(vmlab, past_folder(number, name), true, &folder)) &&
	       delete_folder(folder);
}

void past_prune(EFI_FILE_HANDLE vmlab, uint64_t keep)
{
	struct census census;

	for (unsigned int i = 0; i < RUNS_MAX; i++) {
		census = take_census(vmlab);
		if (census.nr <= keep)
			return;
		if (!past_delete(vmlab, census.oldest)) {
			log_note("results: run %04llu cannot be deleted",
				 (unsigned long long)census.oldest);
			return;
		}
	}
}

/* A file of a run, open for writing, with all that it holds. */
struct past_file {
	EFI_FILE_HANDLE file;
	char *bytes;
	size_t size, nr_pages;
};

static void past_file_close(struct past_file *past)
{
	if (past->bytes)
		firmware_free_pages(past->bytes, past->nr_pages);
	file_close(past->file);
}

static bool past_file_open(EFI_FILE_HANDLE folder, const char *name, struct past_file *past)
{
	*past = (struct past_file){.file = NULL};
	if (EFI_ERROR(file_open(folder, name, true, &past->file)))
		return false;
	past->bytes = file_contents(past->file, RESULTS_BYTES_MAX, &past->size, &past->nr_pages);
	if (!past->bytes)
		past_file_close(past);
	return past->bytes != NULL;
}

/* results.json is the last file that the end of a run writes. */
static bool is_finished(EFI_FILE_HANDLE folder)
{
	struct past_file json;
	bool finished;

	if (!past_file_open(folder, "results.json", &json))
		return true; /* there never was a whole start */
	finished = json.bytes[0] == '{';
	past_file_close(&json);
	return finished;
}

/* Puts `closing` behind the first `end` bytes and cuts the file off there. */
static void write_end(struct past_file *past, size_t end, struct word closing)
{
	if (!EFI_ERROR(file_write(past->file, end, closing.text, closing.length)) &&
	    !EFI_ERROR(file_flush(past->file)))
		file_trim(past->file, end + closing.length);
}

static void close_log(EFI_FILE_HANDLE folder)
{
	static const char closing[] = "the machine stopped, or was switched off\r\n";
	struct past_file log;

	if (!past_file_open(folder, "log.txt", &log))
		return;
	while (log.size && (log.bytes[log.size - 1] == ' ' || log.bytes[log.size - 1] == '\n') &&
	       !(log.size > 1 && log.bytes[log.size - 2] == '\r'))
		log.size--;
	write_end(&log, log.size, (struct word){closing, sizeof(closing) - 1});
	past_file_close(&log);
}

static void write_forms_of(EFI_FILE_HANDLE folder, uint64_t number)
{
	static const char crashed[] = "crashed";
	struct past_file tap;
	struct results_run run = {.number = number};

	if (!past_file_open(folder, "results.tap", &tap))
		return;
	run.log = (struct word){tap.bytes, tap.size};
	run.verdict = ktap_summarize(run.log).verdict;
	if (!run.verdict.length)
		run.verdict = (struct word){crashed, sizeof(crashed) - 1};
	results_write_forms(folder, &run);
	past_file_close(&tap);
}

/* True: it was not closed, and `running` is set. */
static bool close_tap(EFI_FILE_HANDLE folder, char running[PAST_NAME_MAX])
{
	char closing[CLOSING_MAX];
	struct text_out out = {.bytes = closing, .size = sizeof(closing)};
	struct ktap_summary summary;
	struct past_file tap;

	if (!past_file_open(folder, "results.tap", &tap))
		return false;
	summary = ktap_summarize((struct word){tap.bytes, tap.size});
	if (!summary.closed) {
		scnprintf(running, PAST_NAME_MAX, "%.*s", (int)summary.running.length,
			  summary.running.text ? summary.running.text : "");
		ktap_put_crash(&out, &summary);
		if (out.used <= out.size)
			write_end(&tap, summary.end, (struct word){closing, out.used});
	}
	past_file_close(&tap);
	return !summary.closed;
}

bool past_close(EFI_FILE_HANDLE vmlab, uint64_t number, char running[PAST_NAME_MAX])
{
	char name[PAST_FOLDER_MAX];
	EFI_FILE_HANDLE folder;
	bool crashed = false;

	running[0] = '\0';
	if (!number || EFI_ERROR(file_open(vmlab, past_folder(number, name), true, &folder)))
		return false;
	if (!is_finished(folder)) {
		crashed = close_tap(folder, running);
		if (crashed)
			close_log(folder);
		write_forms_of(folder, number);
	}
	file_close(folder);
	return crashed;
}

static void ignore(void *unused, const char *line)
{
	(void)unused;
	(void)line;
}

bool past_options(EFI_FILE_HANDLE vmlab, uint64_t number, struct options *options)
{
	char name[PAST_FOLDER_MAX];
	EFI_FILE_HANDLE folder;
	struct past_file config;
	bool there;

	if (EFI_ERROR(file_open(vmlab, past_folder(number, name), true, &folder)))
		return false;
	there = past_file_open(folder, "vmlab.cfg", &config);
	file_close(folder);
	if (!there)
		return false;
	options_default(options);
	options_parse(options, config.bytes, config.size, ignore, NULL);
	past_file_close(&config);
	return true;
}

typedef void (*put_form_t)(struct text_out *out, const struct results_run *run);

static EFI_STATUS write_form(EFI_FILE_HANDLE folder, const char *name, put_form_t put,
			     const struct results_run *run)
{
	struct text_out out = {.bytes = NULL};
	EFI_FILE_HANDLE file;
	size_t nr_pages;
	EFI_STATUS status = file_open(folder, name, true, &file);

	if (EFI_ERROR(status))
		return status;
	put(&out, run);
	nr_pages = (out.used + PAGE_SIZE - 1) >> PAGE_SHIFT;
	out = (struct text_out){.bytes = firmware_pages(nr_pages), .size = out.used};
	if (out.bytes) {
		put(&out, run);
		status = file_write(file, 0, out.bytes, out.used);
		firmware_free_pages(out.bytes, nr_pages);
	}
	if (out.bytes && !EFI_ERROR(status))
		status = file_trim(file, out.used);
	file_close(file);
	return out.bytes ? status : EFI_OUT_OF_RESOURCES;
}

EFI_STATUS results_write_forms(EFI_FILE_HANDLE folder, const struct results_run *run)
{
	EFI_STATUS status = write_form(folder, "junit.xml", results_put_junit, run);

	return EFI_ERROR(status) ? status
				 : write_form(folder, "results.json", results_put_json, run);
}

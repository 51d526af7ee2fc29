/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "firmware.h"
#include "options.h"
#include "results_text.h"

/* Earlier runs in the folder \vmlab. Gate open. */

enum { PAST_FOLDER_MAX = 12, PAST_NAME_MAX = 96, RESULTS_BYTES_MAX = 4 << 20 };

/* "0007" */
const char *past_folder(uint64_t number, char name[PAST_FOLDER_MAX]);
/* The number of the run whose folder is called `name`; false: it is none. */
bool past_number(const char *name, uint64_t *number);
/* The number of the last run; 0: there is none. */
uint64_t past_newest(EFI_FILE_HANDLE vmlab);
/* Deletes run `number` with all that is in it. False: not, or not wholly. */
bool past_delete(EFI_FILE_HANDLE vmlab, uint64_t number);
/* Deletes the oldest runs until `keep` are left. */
void past_prune(EFI_FILE_HANDLE vmlab, uint64_t keep);

/*
 * Closes run `number` if it did not come to its end, in all its files. True: it was so, and
 * `running` says in which test ("" between tests).
 */
bool past_close(EFI_FILE_HANDLE vmlab, uint64_t number, char running[PAST_NAME_MAX]);
/* The options that run `number` used. False: they cannot be read. */
bool past_options(EFI_FILE_HANDLE vmlab, uint64_t number, struct options *options);

/* results.json and junit.xml, which are there at their full size. */
EFI_STATUS results_write_forms(EFI_FILE_HANDLE folder, const struct results_run *run);

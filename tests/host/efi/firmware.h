/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <efi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Plays the firmware for what of efi/ asks it for memory and files: a table of services over an
 * arena of real memory, and one volume with one file. Each call has a number, and can be made to
 * fail; what is not given back is known at the end.
 */

enum { ARENA_PAGES = 12288, MAP_ENTRIES_MAX = 10000 };
#define ARENA_START ((uint64_t)0x10000000)
#define ARENA_END (ARENA_START + ARENA_PAGES * (uint64_t)4096)

struct played_entry {
	uint32_t type;
	uint64_t start, pages, attribute;
};

struct played {
	/* As it shall be. */
	const struct played_entry *map;
	size_t map_nr, descriptor_bytes;
	const void *config; /* the bytes of vmlab.cfg; NULL: there is no volume */
	size_t config_bytes;
	bool fills; /* FreePages writes into what it gets */
	unsigned int fail_at;
	EFI_STATUS fail_with;
	/* As it went. */
	unsigned int calls, lines; /* of the log */
	const char *failed;	   /* the service that was made to fail */
	size_t pages_out, failed_pages;
	unsigned int files_open;
	char last_line[256];
	bool giving_back, failed_giving_back;
};
extern struct played played;

/* Before anything else; once a process. */
void played_start(void);
EFI_SYSTEM_TABLE *played_system(void);
EFI_HANDLE played_image(void);
_Noreturn void played_broken(const char *what);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "option_value.h"

/* The pieces that the menu's pages are made of: a list to choose from, a line to type, a text. */

struct menu_list {
	const char *title;
	unsigned int nr, at; /* lines; the one that is marked */
	/* Line `number` into `text`; and, NULL or not, a sentence about it for the lowest line. */
	void (*line)(void *context, unsigned int number, char *text, size_t size);
	const char *(*about)(void *context, unsigned int number);
	void *context;
};

/* True: `list->at` was chosen by Enter. False: the page was left by Escape, q, or no key at all. */
bool menu_list_choose(struct menu_list *list);
/* A line typed by hand, ended by Enter; false: left by Escape, `text` is as before. */
bool menu_type(const char *prompt, char *text, size_t size);
/* A text to page through. */
void menu_page_through(const char *title, struct word text);

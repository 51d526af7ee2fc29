/* SPDX-License-Identifier: BSD-2-Clause */
#include "menu_list.h"
#include "keys.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform.h"
#include "screen.h"

enum { TITLE_ROWS = 2, FOOT_ROWS = 4, WAIT_SECONDS = 3600 };

static unsigned int rows_of_page(void)
{
	return screen_rows() - TITLE_ROWS - FOOT_ROWS;
}

static void print_title(const char *title)
{
	screen_clear();
	screen_print(SCREEN_BRIGHT, " vmlab: %s", title);
	screen_print(SCREEN_PLAIN, " ");
}

static void show_list(const struct menu_list *list)
{
	unsigned int page = rows_of_page(), first = list->at / page * page;
	char text[PLATFORM_LINE_MAX];

	print_title(list->title);
	for (unsigned int i = first; i < list->nr && i < first + page; i++) {
		list->line(list->context, i, text, sizeof(text));
		screen_print(i == list->at ? SCREEN_BAR : SCREEN_PLAIN, " %s %s ",
			     i == list->at ? ">" : " ", text);
	}
	screen_print(SCREEN_PLAIN, " ");
	if (list->about)
		screen_print(SCREEN_PLAIN, "   %s", list->about(list->context, list->at));
	screen_status(list->nr > page ? " up, down, page up, page down, Enter; Escape: back "
				      : " up, down, Enter; Escape: back ");
}

static void move(struct menu_list *list, int key)
{
	unsigned int page = rows_of_page();

	if ((key == KEY_UP || key == 'k') && list->at)
		list->at--;
	else if ((key == KEY_DOWN || key == 'j') && list->at + 1 < list->nr)
		list->at++;
	else if (key == KEY_PAGE_UP)
		list->at = list->at > page ? list->at - page : 0;
	else if (key == KEY_PAGE_DOWN)
		list->at = list->at + page < list->nr ? list->at + page : list->nr - 1;
}

bool menu_list_choose(struct menu_list *list)
{
	int key = KEY_OTHER;

	while (list->nr && key != KEY_ENTER && key != KEY_ESCAPE && key != 'q' && key != KEY_NONE) {
		show_list(list);
		key = key_wait(WAIT_SECONDS);
		move(list, key);
	}
	return list->nr && key == KEY_ENTER;
}

bool menu_type(const char *prompt, char *text, size_t size)
{
	char typed[PLATFORM_LINE_MAX], shown[2 * PLATFORM_LINE_MAX];
	size_t length = 0;
	int key;

	for (;;) {
		typed[length] = '\0';
		scnprintf(shown, sizeof(shown), " %s%s_  (Enter; Escape: as it was) ", prompt,
			  typed);
		screen_status(shown);
		key = key_wait(WAIT_SECONDS);
		if (key == KEY_ESCAPE || key == KEY_NONE)
			return false;
		if (key == KEY_ENTER)
			break;
		if (key == '\b' && length)
			length--;
		else if (key > ' ' && key < 0x7f && length + 1 < size && length + 1 < sizeof(typed))
			typed[length++] = (char)key;
	}
	memcpy(text, typed, length + 1);
	return true;
}

/* Where line `number` begins; the end when there are not so many. */
static size_t line_at(struct word text, unsigned int number)
{
	size_t at = 0;

	while (number && at < text.length)
		if (text.text[at++] == '\n')
			number--;
	return at;
}

static void show_page(const char *title, struct word text, unsigned int first)
{
	size_t at = line_at(text, first);

	print_title(title);
	for (unsigned int i = 0; i < rows_of_page() && at < text.length; i++) {
		size_t length = 0;

		while (at + length < text.length && text.text[at + length] != '\n')
			length++;
		screen_print(SCREEN_PLAIN, "%.*s", (int)length, text.text + at);
		at += length + 1;
	}
	screen_status(" up, down, page up, page down; Escape: back ");
}

void menu_page_through(const char *title, struct word text)
{
	unsigned int first = 0, page = rows_of_page();
	int key = KEY_OTHER;

	while (key != KEY_ESCAPE && key != 'q' && key != KEY_NONE) {
		show_page(title, text, first);
		key = key_wait(WAIT_SECONDS);
		if (key == KEY_UP || key == 'k')
			first -= first ? 1 : 0;
		else if (key == KEY_PAGE_UP)
			first = first > page ? first - page : 0;
		else if ((key == KEY_DOWN || key == 'j') && line_at(text, first + 1) < text.length)
			first++;
		else if ((key == KEY_PAGE_DOWN || key == ' ' || key == KEY_ENTER) &&
			 line_at(text, first + page) < text.length)
			first += page;
	}
}

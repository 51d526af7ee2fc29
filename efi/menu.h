/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"

/*
 * The menu: for a person with arrow keys and Enter, on 80 x 25 characters and more, or over a
 * serial console (there k and j are up and down too). Nothing of it goes to the log. Gate open.
 */

/* Counts `seconds` down; true: a key was pressed, and the menu is wished. */
bool menu_countdown(unsigned int seconds);

enum menu_choice { MENU_START, MENU_LEAVE, MENU_REBOOT, MENU_POWEROFF };
/* Lets the person choose; `options` are changed as they say. */
enum menu_choice menu_run(struct options *options);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * The keyboard, or a serial console. A key is only read where the firmware has said by the event
 * that there is one: some hang in ReadKeyStroke() otherwise. Gate open.
 */

/* What a key is: its character, or one of these. */
enum {
	KEY_NONE = 0,
	KEY_ENTER = '\r',
	KEY_ESCAPE = 27,
	KEY_UP = 256,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_OTHER
};

/* A key that waits; KEY_NONE: none does. */
int key_poll(void);
/* Waits for a key, at most `seconds`; KEY_NONE: there was none. */
int key_wait(unsigned int seconds);

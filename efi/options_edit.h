/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"

/* The options one by one, by their number in the table, for somebody who changes them by hand. */

unsigned int options_nr(void);
const char *option_name(unsigned int number);
const char *option_sentence(unsigned int number);
const char *option_values(unsigned int number);
/* "name=value"; of a flag "name=on" or "name=off"; what is not given: "name=" and the default. */
void option_show(unsigned int number, const struct options *options, char *text, size_t size);
/* Takes the next of the values, where they can be counted. False: it is a value to be typed. */
bool option_cycle(unsigned int number, struct options *options);

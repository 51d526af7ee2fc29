/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"

/*
 * Where options come from: the defaults, then \vmlab.cfg in the root of the device that the image
 * was loaded from, then the load options; later ones win. What is wrong with them is logged, a line
 * each, and skipped. Gate open.
 *
 * With QEMU's -kernel that device is QEMU's own, read-only and without a vmlab.cfg, and drives are
 * not connected: so load options alone count there.
 */
void options_read(struct options *options);

/* The defaults, then `words`: what options_words() has made of a run's options. */
void options_reread(struct options *options, const char *words);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Exact stops for somebody who looks from outside: QEMU's pvpanic device halts the machine at the
 * very instruction (-device pvpanic -action panic=pause), with the gate closed, and `cont` goes on.
 * Without the device nothing happens.
 */

/*
 * When `moments` (stop=) has the word `moment`: prints vmallocinfo and the dump of all tables, so
 * that what is seen can be compared with what we say, and stops. Inside, no lock held.
 */
void stop_at(const char *moments, const char *moment);
/* The same with areas of every kind there, as "areas"; with pages of them protected ("set_memory"),
 * and in a space of its own ("space"); when they are freed ("freed"), and purged ("purged"). */
void stop_at_areas(const char *moments);
/* All areas and all tables, as log lines. */
void stop_dump(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Against tests that never end: where CPU 0 has not called platform_relax() in WATCHDOG_SECONDS of
 * its own work (the clock on the wall says nothing about a busy host), it gets an NMI, as a hanging
 * CPU does on the machine: the test is reported and ended, and the run goes on. Where that does not
 * help within ten more, the process ends with the crash status.
 */
enum { WATCHDOG_SECONDS = 120 };

/* Called by CPU 0. */
void watchdog_start(void);
/* CPU 0 is alive. */
void watchdog_reset(void);

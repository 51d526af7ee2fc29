/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Where the log goes for machines to read: ports that work on both sides of the gate.
 *
 * The debug port (0xE9, QEMU's isa-debugcon and Bochs) carries exactly the log's bytes. It is used
 * under a hypervisor, when a read of the port answers 0xE9.
 *
 * COM1 is used when there is no debug port, a UART answers, and the firmware has no console on a
 * UART itself: firmware that mirrors its text there would make every line come twice.
 */

void serial_init(bool under_hypervisor);
/* One line, '\n' behind it. Bounded, whatever the hardware does. */
void serial_line(const char *line, size_t length);
/* "debug port 0xe9", "COM1", or "none". */
const char *serial_name(void);

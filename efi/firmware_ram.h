/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * What the firmware's map says is RAM, told to ioremap(), which refuses it: all that is the
 * firmware's or the loader's, our image and our frames among it. What the firmware keeps for later
 * (ACPI's tables, runtime services, reserved memory) memremap() may look at, write-back.
 */

/* From the map as firmware_map_read() has it, before anything is taken. Gate open. */
void firmware_ram_tell(void);

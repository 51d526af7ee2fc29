/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * What we run on: for the header of the log, and because some things are only done under QEMU.
 * Gate open.
 */
void machine_init(void);
/* Machine, firmware, processor, paging, where the log goes: a line each. */
void machine_log(void);
/*
 * Whether this is QEMU: its TCG says so by CPUID; KVM may be anybody's, so there the manufacturer
 * in SMBIOS must say QEMU too. No port is written to find out.
 */
bool machine_is_qemu(void);

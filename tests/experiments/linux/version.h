/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* The kernel whose names mm/ has. */

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 12, 0)

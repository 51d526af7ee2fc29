/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* platform_cpu() of a process: every simulated CPU is a thread, which machine_become() numbers. */

extern __thread unsigned int machine_this_cpu_number __attribute__((tls_model("initial-exec")));

static inline unsigned int platform_cpu(void)
{
	return machine_this_cpu_number;
}

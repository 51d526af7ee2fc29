/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "tlb.h"

/* The half of tlb.c that knows one CPU and its instructions. */

/* Adds what `cpu` has executed to `flushes`. */
void tlb_local_count(unsigned int cpu, uint64_t flushes[NR_TLB_METHODS]);

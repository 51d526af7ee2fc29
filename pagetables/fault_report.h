/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "fault.h"

/* What is said about an exception. In handlers only: reads nothing that the tables do not show. */

enum { FAULT_SUMMARY_MAX = 160 };
enum { FLAG_TRAP = 1 << 8, FLAG_DIRECTION = 1 << 10, FLAG_ALIGNMENT = 1 << 18 };

/* Logs all that is known; `summary` gets it in a few words. */
void fault_report(const struct trap_frame *frame, uint64_t address,
		  char summary[FAULT_SUMMARY_MAX]);
/* The registers alone: reads nothing else. */
void fault_report_registers(const struct trap_frame *frame);

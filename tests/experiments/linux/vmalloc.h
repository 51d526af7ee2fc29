/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/* The vmalloc family: mm/ has it under Linux's names and with its arguments. */

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/mm.h>
#include <set_memory.h>

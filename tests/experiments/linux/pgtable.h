/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <entry.h>
#include <linux/mm.h>
#include <pat.h>

/* Entries of the tables and their permissions have Linux's names in pagetables/. */

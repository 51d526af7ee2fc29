/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * The trampoline's data page, by offset in bytes: gate_levels.c fills it, gate_levels.S reads it.
 * The stack grows down from its end.
 */
#define DATA_CR3_BEFORE 0
#define DATA_CR3_SWITCH 8
#define DATA_CR4 16
#define DATA_CR3_AFTER 24
#define DATA_LOAD_STACK 32
#define DATA_BACK 40
#define DATA_CODE32 48 /* selectors in the GDT below, 2 bytes each */
#define DATA_DATA32 50
#define DATA_CS 52 /* what was loaded */
#define DATA_DS 54
#define DATA_ES 56
#define DATA_SS 58
#define DATA_NMIS 60 /* how many have come meanwhile, 4 bytes */
#define DATA_GDTR 64
#define DATA_IDTR 80
#define DATA_OLD_GDTR 96
#define DATA_OLD_IDTR 112
#define DATA_IDT 128
#define DATA_GDT 256
#define DATA_STACK_TOP 4096

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * The page below 1 MiB where processors start: the code of sipi_start.S, and from SIPI_DATA on what
 * sipi.c has filled in for it, by offset in bytes from the start of the page.
 */
#define SIPI_DATA 2048
#define SIPI_CR0 (SIPI_DATA + 0) /* 4 bytes each: control registers as the first CPU has them */
#define SIPI_CR3 (SIPI_DATA + 4)
#define SIPI_CR4 (SIPI_DATA + 8)
#define SIPI_EFER (SIPI_DATA + 12)
#define SIPI_LONG_MODE (SIPI_DATA + 16) /* where to jump to: offset, 4 bytes, and selector, 2 */
#define SIPI_CS (SIPI_DATA + 24)	/* the first CPU's selectors, 2 bytes each */
#define SIPI_DS (SIPI_DATA + 26)
#define SIPI_ES (SIPI_DATA + 28)
#define SIPI_SS (SIPI_DATA + 30)
#define SIPI_GDTR (SIPI_DATA + 32)	 /* of the table below */
#define SIPI_FIRST_GDTR (SIPI_DATA + 48) /* the first CPU's */
#define SIPI_FIRST_IDTR (SIPI_DATA + 64)
#define SIPI_GDT (SIPI_DATA + 80)
#define SIPI_STACKS (SIPI_DATA + 104) /* 8 bytes: where the first one begins */
#define SIPI_ENTRY (SIPI_DATA + 112)  /* 8 bytes: what to call then */
#define SIPI_TURN (SIPI_DATA + 120)   /* 4 bytes: how many have come */
#define SIPI_NR_STACKS (SIPI_DATA + 124)
#define SIPI_DATA_END (SIPI_DATA + 128)

#define SIPI_CODE_SELECTOR 8
#define SIPI_STACK_SHIFT 14 /* a stack has 16 KiB, of which the gate needs a part */

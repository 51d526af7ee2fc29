/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a processor begins after INIT and SIPI: in real mode, CS at a page below 1 MiB (Intel SDM
 * vol. 3A, 9.4.4), to which this was copied. From there straight to 64-bit mode with the first
 * CPU's control registers (9.8.5), its descriptor tables and selectors, and a stack of its own.
 * Everything is relative to the page.
 */
#include "sipi_data.h"

#define MSR_EFER 0xc0000080

	.text
	.globl	sipi_start, sipi_long_mode, sipi_end
	.hidden	sipi_start, sipi_long_mode, sipi_end

	.balign	16
	.code16
sipi_start:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	SIPI_GDTR
	movl	SIPI_CR4, %eax
	movl	%eax, %cr4
	movl	SIPI_CR3, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	SIPI_EFER, %eax
	xorl	%edx, %edx
	wrmsr
	movl	SIPI_CR0, %eax
	movl	%eax, %cr0		/* protection and paging at once, LME set: LMA is too */
	ljmpl	*SIPI_LONG_MODE

	.code64
sipi_long_mode:
	leaq	sipi_start(%rip), %rbx
	movl	$1, %eax
	lock xaddl %eax, SIPI_TURN(%rbx)
	cmpl	SIPI_NR_STACKS(%rbx), %eax
	jae	park
	incl	%eax
	shlq	$SIPI_STACK_SHIFT, %rax
	addq	SIPI_STACKS(%rbx), %rax
	movq	%rax, %rsp
	lgdt	SIPI_FIRST_GDTR(%rbx)
	lidt	SIPI_FIRST_IDTR(%rbx)
	movw	SIPI_DS(%rbx), %ds
	movw	SIPI_ES(%rbx), %es
	movw	SIPI_SS(%rbx), %ss
	movzwl	SIPI_CS(%rbx), %ecx
	leaq	1f(%rip), %rax
	pushq	%rcx
	pushq	%rax
	lretq
1:	xorl	%ebp, %ebp
	call	*SIPI_ENTRY(%rbx)
	/* Until the next INIT. */
park:	cli
	hlt
	jmp	park
sipi_end:

	.section .note.GNU-stack, "", @progbits

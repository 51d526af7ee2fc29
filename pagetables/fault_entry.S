/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the IDT leads: a stub for each of the 256 vectors, then struct trap_frame on the stack, then
 * fault_handle(), then back to wherever the frame says (Intel SDM vol. 3A, 6.14). Machine only.
 */
#include "fault_probe.h"

	.text

/*
 * 16 bytes each (FAULT_STUB_BYTES). The CPU pushes an error code for 8, 10 to 14, 17, 21, 29 and 30;
 * for the others we push a 0, so that all frames look alike.
 */
	.balign	16
FUNCTION(fault_stubs)
	.set	vector, 0
	.rept	256
	.balign	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	take_fault
	.set	vector, vector + 1
	.endr

/*
 * The CPU has aligned the stack to 16 bytes before it pushed five words; with error code, vector and
 * 15 registers that makes 22: aligned again, as a call wants it. No vector register is touched.
 */
	.balign	16
take_fault:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%cr2, %rsi
	xorl	%ebp, %ebp		/* a backtrace of the handler ends here */
	call	fault_handle
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp		/* vector and error code */
	iretq

	.section .note.GNU-stack, "", @progbits

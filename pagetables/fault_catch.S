/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault_catch() and the way back to it: the registers that a function must keep (System V ABI,
 * AMD64, 3.2.1), the stack pointer as after the return, and the return address, in the order of
 * struct fault_catch.
 */
#include "fault_probe.h"

	.text

/* int fault_catch(struct fault_catch *context) */
FUNCTION(fault_catch)
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	jmp	fault_catch_arm

/* _Noreturn void fault_catch_resume(const struct fault_catch *context, int value) */
FUNCTION(fault_catch_resume)
	movl	%esi, %eax
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	cld
	jmpq	*56(%rdi)

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The step from one world to the other: the tables and the stack change together, because neither
 * stack is mapped in the other world. Only the image is, so nothing between the two switches may
 * touch memory: not the stack, not a global.
 *
 * void gate_cross(uint64_t *save_stack, uint64_t load_stack, uint64_t load_cr3)
 *
 * Leaves the caller's callee-saved registers (System V ABI, 3.2.1) on its stack, and in
 * *save_stack, which lies in the image, where that stands; goes on where the other side called
 * gate_cross().
 * gate.c lays out the first stack of the inside to match.
 */
	.text
	.globl	gate_cross
	.hidden	gate_cross
	.type	gate_cross, @function
gate_cross:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rdx, %cr3
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	gate_cross, . - gate_cross

	.section .note.GNU-stack, "", @progbits

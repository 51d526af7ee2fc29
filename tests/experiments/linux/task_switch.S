/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The step from one task to another. All of a task's state that a call must keep (System V ABI,
 * 3.2.1) goes on its stack.
 *
 * void linux_task_switch(uint64_t *save_stack, uint64_t load_stack)
 *
 * Notes in *save_stack where the stack of the caller stands, and goes on where the other task called
 * this, or, the first time, at the address that task.c has laid on its stack.
 */
	.text
	.globl	linux_task_switch
	.hidden	linux_task_switch
	.type	linux_task_switch, @function
linux_task_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	linux_task_switch, . - linux_task_switch

	.section .note.GNU-stack, "", @progbits

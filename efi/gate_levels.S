/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The crossing of gate_levels.h. What lies between gate_levels_start and gate_levels_end is copied
 * to a page below 4 GiB, so everything in it is relative. All it needs is in the data page: the
 * upper halves of the registers are undefined once 64-bit mode was left (Intel SDM vol. 1,
 * 3.4.1.1), and no stack of either world is mapped.
 */
#include "gate_levels_data.h"

#define CR0_PG 0x80000000

	.text

/*
 * void gate_levels_cross_by(uint64_t *save_stack, struct trampoline_data *data, const void *code)
 *
 * Leaves on the stack what gate_cross() does, so that either can bring the other side back.
 */
	.globl	gate_levels_cross_by
	.hidden	gate_levels_cross_by
	.type	gate_levels_cross_by, @function
gate_levels_cross_by:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rbx
	leaq	back(%rip), %rax
	movq	%rax, DATA_BACK(%rbx)
	movq	DATA_CR3_BEFORE(%rbx), %rax
	leaq	DATA_STACK_TOP(%rbx), %rsp
	movq	%rax, %cr3
	jmp	*%rdx
back:	movq	DATA_CR3_AFTER(%rbx), %rax
	movq	DATA_LOAD_STACK(%rbx), %rdx
	movq	%rax, %cr3
	movq	%rdx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	gate_levels_cross_by, . - gate_levels_cross_by

	.globl	gate_levels_start, gate_levels_end, gate_levels_nmi32, gate_levels_nmi64
	.hidden	gate_levels_start, gate_levels_end, gate_levels_nmi32, gate_levels_nmi64

	.balign	16
gate_levels_start:
	movw	%cs, DATA_CS(%rbx)
	movw	%ds, DATA_DS(%rbx)
	movw	%es, DATA_ES(%rbx)
	movw	%ss, DATA_SS(%rbx)
	/* Our GDT and IDT may lie above 4 GiB, and an IDT for 64-bit mode is none for a 32-bit one. */
	sgdt	DATA_OLD_GDTR(%rbx)
	sidt	DATA_OLD_IDTR(%rbx)
	lgdt	DATA_GDTR(%rbx)
	lidt	DATA_IDTR(%rbx)
	movzwl	DATA_DATA32(%rbx), %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leaq	gate_levels_start(%rip), %rbp
	/* Paging cannot go off in 64-bit mode, but in compatibility mode (vol. 3A, 9.8.5.4). */
	leaq	leave_paging(%rip), %rax
	movzwl	DATA_CODE32(%rbx), %ecx
	pushq	%rcx
	pushq	%rax
	lretq

	.code32
leave_paging:
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0		/* EFER.LMA is clear from here, LME stays set */
	jmp	1f
1:	movl	DATA_CR4(%ebx), %ecx
	movl	%ecx, %cr4
	movl	DATA_CR3_SWITCH(%ebx), %ecx
	movl	%ecx, %cr3
	orl	$CR0_PG, %eax
	movl	%eax, %cr0		/* and LMA is set again: compatibility mode */
	jmp	1f
1:	movzwl	DATA_CS(%ebx), %ecx
	leal	(long_mode - gate_levels_start)(%ebp), %eax
	pushl	%ecx
	pushl	%eax
	lretl

	.code64
long_mode:
	movl	%ebx, %ebx		/* zero-extends */
	leaq	DATA_STACK_TOP(%rbx), %rsp
	movw	DATA_DS(%rbx), %ds
	movw	DATA_ES(%rbx), %es
	movw	DATA_SS(%rbx), %ss
	lidt	DATA_OLD_IDTR(%rbx)
	lgdt	DATA_OLD_GDTR(%rbx)
	jmp	*DATA_BACK(%rbx)

	/* Whatever has been interrupted, the lower half of rbx is the data page. */
gate_levels_nmi64:
	incl	DATA_NMIS(%ebx)
	iretq

	.code32
gate_levels_nmi32:
	incl	DATA_NMIS(%ebx)
	iretl
	.code64
gate_levels_end:

	.section .note.GNU-stack, "", @progbits

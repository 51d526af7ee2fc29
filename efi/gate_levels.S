/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The trampoline of gate_levels.h: copied to a page below 4 GiB, so everything in it is relative.
 * What must survive lies in the data page, because the upper halves of the registers are undefined
 * after leaving 64-bit mode (Intel SDM vol. 1, 3.4.1.1).
 */

#define GDT_CODE32 0x08
#define GDT_DATA32 0x10
#define GDT_CODE64 0x18

#define DATA_GDT 0
#define DATA_GDTR 32
#define DATA_OLD_GDTR 48
#define DATA_RSP 64
#define DATA_RIP 72
#define DATA_RBX 80
#define DATA_RBP 88
#define DATA_R12 96
#define DATA_R13 104
#define DATA_R14 112
#define DATA_R15 120
#define DATA_FS_BASE 128
#define DATA_GS_BASE 136
#define DATA_SELECTORS 144 /* cs ds es ss, two bytes each */
#define DATA_STACK_TOP 4096

#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define CR0_PG 0x80000000

	.text
	.globl	gate_levels_start, gate_levels_end
	.hidden	gate_levels_start, gate_levels_end

/* void code(uint64_t cr3, uint64_t cr4, void *data) */
	.balign	16
gate_levels_start:
	popq	DATA_RIP(%rdx)
	movq	%rsp, DATA_RSP(%rdx)
	movq	%rbx, DATA_RBX(%rdx)
	movq	%rbp, DATA_RBP(%rdx)
	movq	%r12, DATA_R12(%rdx)
	movq	%r13, DATA_R13(%rdx)
	movq	%r14, DATA_R14(%rdx)
	movq	%r15, DATA_R15(%rdx)
	movw	%cs, DATA_SELECTORS(%rdx)
	movw	%ds, DATA_SELECTORS + 2(%rdx)
	movw	%es, DATA_SELECTORS + 4(%rdx)
	movw	%ss, DATA_SELECTORS + 6(%rdx)
	movq	%rdx, %rbx
	/* Loading no selector leaves these bases alone, but only 64-bit mode keeps all their bits. */
	movl	$MSR_FS_BASE, %ecx
	rdmsr
	movl	%eax, DATA_FS_BASE(%rbx)
	movl	%edx, DATA_FS_BASE + 4(%rbx)
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%eax, DATA_GS_BASE(%rbx)
	movl	%edx, DATA_GS_BASE + 4(%rbx)
	/* A GDT that a 32-bit mode can reach; the caller's may lie above 4 GiB. */
	sgdt	DATA_OLD_GDTR(%rbx)
	lgdt	DATA_GDTR(%rbx)
	leaq	DATA_STACK_TOP(%rbx), %rsp
	leaq	gate_levels_start(%rip), %rbp
	leaq	leave_paging(%rip), %rax
	pushq	$GDT_CODE32
	pushq	%rax
	lretq

	.code32
leave_paging:
	movl	$GDT_DATA32, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* CR0.PG off in compatibility mode leaves IA-32e mode (vol. 3A, 9.8.5.4); LME stays. */
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	jmp	1f
1:	movl	%esi, %cr4
	movl	%edi, %cr3
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	jmp	1f
1:	leal	(long_mode - gate_levels_start)(%ebp), %eax
	pushl	$GDT_CODE64
	pushl	%eax
	lretl

	.code64
long_mode:
	movl	%ebx, %ebx
	lgdt	DATA_OLD_GDTR(%rbx)
	movw	DATA_SELECTORS + 2(%rbx), %ds
	movw	DATA_SELECTORS + 4(%rbx), %es
	movw	DATA_SELECTORS + 6(%rbx), %ss
	movl	$MSR_FS_BASE, %ecx
	movl	DATA_FS_BASE(%rbx), %eax
	movl	DATA_FS_BASE + 4(%rbx), %edx
	wrmsr
	movl	$MSR_GS_BASE, %ecx
	movl	DATA_GS_BASE(%rbx), %eax
	movl	DATA_GS_BASE + 4(%rbx), %edx
	wrmsr
	/* The caller's code segment, still on the stack of the data page. */
	leaq	DATA_STACK_TOP(%rbx), %rsp
	movzwl	DATA_SELECTORS(%rbx), %eax
	pushq	%rax
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:	movq	DATA_R15(%rbx), %r15
	movq	DATA_R14(%rbx), %r14
	movq	DATA_R13(%rbx), %r13
	movq	DATA_R12(%rbx), %r12
	movq	DATA_RBP(%rbx), %rbp
	movq	DATA_RSP(%rbx), %rsp
	movq	DATA_RIP(%rbx), %rax
	movq	DATA_RBX(%rbx), %rbx
	jmp	*%rax
gate_levels_end:

	.section .note.GNU-stack, "", @progbits

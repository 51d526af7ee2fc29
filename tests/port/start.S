/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for what your kernel has already: from the PVH entry (32 bits, no paging) to 64 bits, with
 * the first 4 GiB mapped one to one, a stack, and NX and WP on.
 */
	.section .note.Xen, "a", @note
	.long	4, 4, 18		/* lengths of name and value; PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.text
	.code32
	.globl	start
start:
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$root, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x900, %eax		/* EFER: LME, NXE */
	wrmsr
	movl	$0x80010011, %eax	/* PG, WP, ET, PE */
	movl	%eax, %cr0
	lgdt	gdt_register
	ljmp	$8, $in_64_bits

	.code64
in_64_bits:
	xorl	%eax, %eax
	movl	%eax, %ss
	movq	$stack_end, %rsp
	call	kernel_main
1:	hlt
	jmp	1b

	.section .rodata
	.balign	8
gdt:	.quad	0, 0x00af9b000000ffff	/* 64-bit code */
gdt_register:
	.word	15
	.long	gdt

	.data
	.balign	4096
root:	.quad	pud + 3
	.fill	511, 8, 0
pud:	.quad	pmd + 3, pmd + 0x1003, pmd + 0x2003, pmd + 0x3003
	.fill	508, 8, 0
	.set	phys, 0
pmd:	.rept	2048
	.quad	phys + 0x83		/* present, writable, 2 MiB */
	.set	phys, phys + 0x200000
	.endr

	.bss
	.balign	4096
	.skip	65536
stack_end:

	.section .note.GNU-stack, "", @progbits

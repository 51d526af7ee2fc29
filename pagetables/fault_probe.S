/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that are meant to fault (fault.h). Each is known by its address. Without a fault the
 * function returns 0; the handler has it return 1 by going on at the label _taken, or 0 at _missed
 * when it was not the fault that was expected.
 */
#include "fault_probe.h"

	.text

/* bool fault_probe_read(uintptr_t address) */
FUNCTION(fault_probe_read)
LABEL(fault_probe_read_at)
	movzbl	(%rdi), %eax
	jmp	fault_probe_missed

/*
 * bool fault_probe_write(uintptr_t address): a plain store. One that keeps the byte (lock orb $0) is
 * a write to a CPU, but QEMU's TCG reports the read in it.
 */
FUNCTION(fault_probe_write)
LABEL(fault_probe_write_at)
	movb	$0, (%rdi)
LABEL(fault_probe_missed)
	xorl	%eax, %eax
	ret
LABEL(fault_probe_taken)
	movl	$1, %eax
	ret

/*
 * bool fault_probe_fetch(uintptr_t address): the call has pushed its return address when the fetch
 * faults, with RIP the address itself. A CPU that refuses an address in the call already (one that
 * is not canonical) has pushed nothing.
 */
FUNCTION(fault_probe_fetch)
	subq	$8, %rsp
LABEL(fault_probe_fetch_at)
	call	*%rdi
LABEL(fault_probe_fetch_return)
	addq	$8, %rsp
	jmp	fault_probe_missed

	.section .note.GNU-stack, "", @progbits

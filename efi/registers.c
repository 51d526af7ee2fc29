/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.h"
#include "instructions.h"
#include "lib/format.h"
#include "pat.h"

/* A system descriptor in 64-bit mode is 16 bytes (Intel SDM vol. 3A, 7.2.3). */
enum { SELECTOR_OFFSET = 0xfff8, SYSTEM_DESCRIPTOR_BYTES = 16 };

void registers_read(struct registers *registers)
{
	*registers = (struct registers){
		.cr0 = read_cr0(),
		.cr3 = read_cr3(),
		.cr4 = read_cr4(),
		.efer = read_msr(MSR_EFER),
		.pat = read_msr(MSR_PAT),
		.flags = read_flags(),
		.gdt = read_gdtr(),
		.idt = read_idtr(),
		.task = read_task_register(),
		.ldt = read_ldtr(),
		.cs = read_cs(),
	};
}

int registers_has_task(const struct registers *registers)
{
	unsigned int offset = registers->task & SELECTOR_OFFSET;

	return offset != 0 && offset + SYSTEM_DESCRIPTOR_BYTES - 1 <= registers->gdt.limit;
}

const char *registers_compare(const struct registers *before, const struct registers *after,
			      char *buffer, size_t size)
{
	const struct {
		const char *name;
		uint64_t before, after;
	} rows[] = {
		{"CR0", before->cr0, after->cr0},
		{"CR3", before->cr3, after->cr3},
		{"CR4", before->cr4, after->cr4},
		{"EFER", before->efer, after->efer},
		{"PAT", before->pat, after->pat},
		{"GDTR.base", before->gdt.base, after->gdt.base},
		{"GDTR.limit", before->gdt.limit, after->gdt.limit},
		{"IDTR.base", before->idt.base, after->idt.base},
		{"IDTR.limit", before->idt.limit, after->idt.limit},
		{"LDTR", before->ldt, after->ldt},
		{"CS", before->cs, after->cs},
		{"TR", before->task, registers_has_task(before) ? after->task : before->task},
		{"IF", before->flags & FLAGS_IF, after->flags & FLAGS_IF},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].before == rows[i].after)
			continue;
		scnprintf(buffer, size, "%s was 0x%llx and is 0x%llx", rows[i].name,
			  (unsigned long long)rows[i].before, (unsigned long long)rows[i].after);
		return buffer;
	}
	return NULL;
}

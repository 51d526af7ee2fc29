/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate_levels.h"
#include "lib/assert.h"
#include "lib/string.h"

/* The layout that gate_levels.S knows by offset. */
struct trampoline_data {
	uint64_t gdt[4];
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr;
};
_Static_assert(offsetof(struct trampoline_data, gdtr) == 32, "gate_levels.S has it at 32");

enum { TRAMPOLINE_PAGE = 4096 };

extern const char gate_levels_start[], gate_levels_end[];

void gate_levels_prepare(const struct gate_levels *levels)
{
	struct trampoline_data *data = levels->data;
	size_t size = (size_t)(gate_levels_end - gate_levels_start);

	ASSERT(size <= TRAMPOLINE_PAGE, "trampoline of %zu bytes", size);
	ASSERT((uintptr_t)levels->code >> 32 == 0, "trampoline at %p", levels->code);
	ASSERT((uintptr_t)levels->data >> 32 == 0, "trampoline data at %p", levels->data);
	memset(levels->code, 0xcc, TRAMPOLINE_PAGE);
	memcpy(levels->code, gate_levels_start, size);
	memset(data, 0, TRAMPOLINE_PAGE);
	data->gdt[1] = 0x00cf9b000000ffff; /* 32-bit code, flat (Intel SDM vol. 3A, 3.4.5) */
	data->gdt[2] = 0x00cf93000000ffff; /* data, flat */
	data->gdt[3] = 0x00af9b000000ffff; /* 64-bit code */
	data->gdtr.limit = sizeof(data->gdt) - 1;
	data->gdtr.base = (uintptr_t)data->gdt;
}

void gate_levels_switch(const struct gate_levels *levels, uint64_t cr3, uint64_t cr4)
{
	void (*code)(uint64_t new_cr3, uint64_t new_cr4, void *data);

	ASSERT(cr3 >> 32 == 0, "root at %#llx", (unsigned long long)cr3);
	*(void **)&code = levels->code;
	code(cr3, cr4, levels->data);
}

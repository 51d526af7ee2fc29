/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate_levels.h"
#include "console.h"
#include "cpus.h"
#include "descriptors.h"
#include "firmware.h"
#include "gate_levels_data.h"
#include "image.h"
#include "instructions.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"

#define BELOW_4G ((EFI_PHYSICAL_ADDRESS)0xffffffff)

enum {
	CODE32_TYPE = 0x9b, /* Intel SDM vol. 3A, 3.4.5 */
	DATA32_TYPE = 0x93,
	FLAT_LOW = 0xffff,
	FLAT_HIGH = 0x00cf0000,
	INTERRUPT_GATE = 0x8e00, /* 6.11 and 6.14.1 */
	VECTOR_NMI_GATE = 2,
	GATE32_BYTES = 8,
	GATE64_BYTES = 16,
	GDT_ROOM = 2048,
	PROBLEM_MAX = 96,
};

/* The layout that gate_levels.S knows by offset. */
struct trampoline_data {
	uint64_t cr3_before, cr3_switch, cr4, cr3_after, load_stack, back;
	uint16_t code32, data32, cs, ds, es, ss;
	uint32_t nmis;
	struct table_register gdtr __attribute__((aligned(16)));
	struct table_register idtr __attribute__((aligned(16)));
	struct table_register old_gdtr __attribute__((aligned(16)));
	struct table_register old_idtr __attribute__((aligned(16)));
	uint32_t idt[32] __attribute__((aligned(16)));
	uint8_t gdt[GDT_ROOM + 16];
};

#define AT(field, offset)                                                                          \
	_Static_assert(offsetof(struct trampoline_data, field) == (offset), #field)
AT(cr3_before, DATA_CR3_BEFORE);
AT(cr3_switch, DATA_CR3_SWITCH);
AT(cr4, DATA_CR4);
AT(cr3_after, DATA_CR3_AFTER);
AT(load_stack, DATA_LOAD_STACK);
AT(back, DATA_BACK);
AT(code32, DATA_CODE32);
AT(data32, DATA_DATA32);
AT(cs, DATA_CS);
AT(ds, DATA_DS);
AT(es, DATA_ES);
AT(ss, DATA_SS);
AT(nmis, DATA_NMIS);
AT(gdtr, DATA_GDTR);
AT(idtr, DATA_IDTR);
AT(old_gdtr, DATA_OLD_GDTR);
AT(old_idtr, DATA_OLD_IDTR);
AT(idt, DATA_IDT);
AT(gdt, DATA_GDT);
#undef AT
_Static_assert(sizeof(struct trampoline_data) < DATA_STACK_TOP / 2 + 512, "room for the stack");

#pragma GCC visibility push(hidden)
extern const char gate_levels_start[], gate_levels_end[], gate_levels_nmi32[], gate_levels_nmi64[];
void gate_levels_cross_by(uint64_t *save_stack, struct trampoline_data *data, const void *code);
#pragma GCC visibility pop

static EFI_PHYSICAL_ADDRESS code_page;
static EFI_PHYSICAL_ADDRESS data_pages; /* a page for each CPU, one behind the other */

static struct trampoline_data *data_of_trampoline(void)
{
	return (struct trampoline_data *)(uintptr_t)(data_pages + platform_cpu() * PAGE_SIZE);
}

static EFI_STATUS take_pages(EFI_MEMORY_TYPE type, UINTN nr, EFI_PHYSICAL_ADDRESS *pages)
{
	EFI_PHYSICAL_ADDRESS address = BELOW_4G;
	EFI_STATUS status =
		efi_call(firmware.boot, AllocatePages, AllocateMaxAddress, type, nr, &address);

	if (!EFI_ERROR(status))
		*pages = address;
	return status;
}

bool gate_levels_take(void)
{
	size_t size = (size_t)(gate_levels_end - gate_levels_start);
	EFI_STATUS status = take_pages(EfiLoaderCode, 1, &code_page);

	ASSERT(size <= PAGE_SIZE, "trampoline of %zu bytes", size);
	if (!EFI_ERROR(status))
		status = take_pages(EfiLoaderData, cpus_nr(), &data_pages);
	if (EFI_ERROR(status)) {
		log_note("no memory below 4 GiB for paging=: %s", firmware_status_name(status));
		return false;
	}
	memset((void *)(uintptr_t)code_page, 0xcc, PAGE_SIZE);
	memcpy((void *)(uintptr_t)code_page, gate_levels_start, size);
	memset((void *)(uintptr_t)data_pages, 0, cpus_nr() * PAGE_SIZE);
	image_add_pages("trampoline code", code_page, 1, PAGE_KERNEL_ROX);
	image_add_pages("trampoline data", data_pages, cpus_nr(), PAGE_KERNEL);
	log_note("trampoline: code 0x%llx, data 0x%llx", (unsigned long long)code_page,
		 (unsigned long long)data_pages);
	return true;
}

static void give_back(EFI_PHYSICAL_ADDRESS *pages, UINTN nr, char problem[PROBLEM_MAX])
{
	EFI_STATUS status = *pages ? efi_call(firmware.boot, FreePages, *pages, nr) : EFI_SUCCESS;

	*pages = 0;
	if (EFI_ERROR(status))
		scnprintf(problem, PROBLEM_MAX, "FreePages of the trampoline says %s",
			  firmware_status_name(status));
}

const char *gate_levels_give_back(void)
{
	static char problem[PROBLEM_MAX];
	unsigned int nmis = gate_levels_nmis();

	if (nmis)
		log_note("NMI: %u when the gate was opened for good", nmis);

	give_back(&code_page, 1, problem);
	give_back(&data_pages, cpus_nr(), problem);
	return problem[0] ? problem : NULL;
}

static void write_segment(uint8_t *descriptor, uint32_t type)
{
	uint32_t words[2] = {FLAT_LOW, FLAT_HIGH | type << 8};

	memcpy(descriptor, words, sizeof(words));
}

/* The GDT that is loaded, where a 32-bit mode can reach it, and behind it what such a mode needs:
 * so every selector means the same throughout. */
static void fill_gdt(struct trampoline_data *data)
{
	struct table_register now = read_gdtr();
	size_t bytes = (size_t)now.limit + 1, end = (bytes + 7) & ~(size_t)7;

	ASSERT(end <= GDT_ROOM, "GDT of %zu bytes", bytes);
	memset(data->gdt, 0, sizeof(data->gdt));
	memcpy(data->gdt, (const void *)(uintptr_t)now.base, bytes);
	write_segment(data->gdt + end, CODE32_TYPE);
	write_segment(data->gdt + end + 8, DATA32_TYPE);
	data->code32 = (uint16_t)end;
	data->data32 = (uint16_t)(end + 8);
	data->gdtr.base = (uintptr_t)data->gdt;
	data->gdtr.limit = (uint16_t)(end + 15);
}

/* The first two words of a gate; one for 64-bit code has two more, zero below 4 GiB. */
static void write_gate(uint32_t *gate, uint16_t selector, const char *handler)
{
	uint32_t offset = (uint32_t)(code_page + (uintptr_t)(handler - gate_levels_start));

	gate[0] = (uint32_t)selector << 16 | (offset & 0xffff);
	gate[1] = (offset & 0xffff0000) | INTERRUPT_GATE;
}

/* For NMI alone. With paging off a gate has 8 bytes, otherwise 16, so that both find room. */
static void fill_idt(struct trampoline_data *data)
{
	memset(data->idt, 0, sizeof(data->idt));
	write_gate(data->idt + VECTOR_NMI_GATE * GATE32_BYTES / 4, data->code32, gate_levels_nmi32);
	write_gate(data->idt + VECTOR_NMI_GATE * GATE64_BYTES / 4, read_cs(), gate_levels_nmi64);
	data->idtr.base = (uintptr_t)data->idt;
	data->idtr.limit = (VECTOR_NMI_GATE + 1) * GATE64_BYTES - 1;
}

void gate_levels_cross(uint64_t *save_stack, const struct levels_crossing *how)
{
	struct trampoline_data *data = data_of_trampoline();

	ASSERT(how->cr3_switch >> 32 == 0, "root at 0x%llx", (unsigned long long)how->cr3_switch);
	data->cr3_before = how->cr3_before;
	data->cr3_switch = how->cr3_switch;
	data->cr4 = how->cr4;
	data->cr3_after = how->cr3_after;
	data->load_stack = how->load_stack;
	fill_gdt(data);
	fill_idt(data);
	gate_levels_cross_by(save_stack, data, (const void *)(uintptr_t)code_page);
}

unsigned int gate_levels_nmis(void)
{
	return data_pages ? __atomic_exchange_n(&data_of_trampoline()->nmis, 0, __ATOMIC_RELAXED)
			  : 0;
}

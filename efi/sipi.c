/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi_tables.h"
#include "apic.h"
#include "console.h"
#include "cpu_caller.h"
#include "firmware.h"
#include "instructions.h"
#include "levels.h"
#include "lib/string.h"
#include "madt.h"
#include "registers.h"
#include "sipi_data.h"

/*
 * Other processors where the firmware has no MP services: called by INIT and SIPI, by their ids in
 * the MADT (Intel SDM vol. 3A, 9.4.4). Between calls they wait for a SIPI, as after a reset, and
 * touch no memory; so the page where they start and their stacks can go back at the end, with what
 * stood in that page.
 */

#define BELOW_1M ((EFI_PHYSICAL_ADDRESS)0xfffff)

enum {
	STACK_BYTES = 1 << SIPI_STACK_SHIFT,
	STACK_PAGES = STACK_BYTES >> PAGE_SHIFT,
	INIT_US = 10000, /* 9.4.4.1 */
	SIPI_US = 200,
	SIPIS_MAX = 2000,
	CALL_TURNS_MAX = 10000,
	BACK_TURNS_MAX = 2000,
	BACK_TURN_US = 1000,
	CODE64_ACCESS = 0x9b, /* 3.4.5 */
	CODE64_FLAGS = 0x20,
};

/* The layout that sipi_start.S knows by offset. */
struct sipi_data {
	uint32_t cr0, cr3, cr4, efer, long_mode;
	uint16_t long_mode_selector, unused, cs, ds, es, ss;
	struct table_register gdtr __attribute__((aligned(16)));
	struct table_register first_gdtr __attribute__((aligned(16)));
	struct table_register first_idtr __attribute__((aligned(16)));
	uint64_t gdt[3] __attribute__((aligned(16)));
	uint64_t stacks;
	void (*entry)(void);
	uint32_t turn, nr_stacks;
};

#define AT(field, offset)                                                                          \
	_Static_assert(offsetof(struct sipi_data, field) + SIPI_DATA == (offset), #field)
AT(cr0, SIPI_CR0);
AT(cr3, SIPI_CR3);
AT(cr4, SIPI_CR4);
AT(efer, SIPI_EFER);
AT(long_mode, SIPI_LONG_MODE);
AT(cs, SIPI_CS);
AT(ds, SIPI_DS);
AT(es, SIPI_ES);
AT(ss, SIPI_SS);
AT(gdtr, SIPI_GDTR);
AT(first_gdtr, SIPI_FIRST_GDTR);
AT(first_idtr, SIPI_FIRST_IDTR);
AT(gdt, SIPI_GDT);
AT(stacks, SIPI_STACKS);
AT(entry, SIPI_ENTRY);
AT(turn, SIPI_TURN);
AT(nr_stacks, SIPI_NR_STACKS);
#undef AT

#pragma GCC visibility push(hidden)
extern const char sipi_start[], sipi_long_mode[], sipi_end[];
#pragma GCC visibility pop

static struct madt madt;
static bool spared[MADT_CPUS_MAX]; /* not called: the first one, what is not needed or left out */
static bool back[MADT_CPUS_MAX];   /* from the last call */
static bool called;

static EFI_PHYSICAL_ADDRESS page, stacks; /* 0: not taken */
static unsigned int nr_stacks;
static uint8_t page_before[PAGE_SIZE];
static void (*ordered)(void);

static void arrived(void)
{
	uint32_t id = apic_id();

	ordered();
	for (size_t i = 0; i < madt.nr_cpus; i++)
		if (madt.apic_ids[i] == id)
			__atomic_store_n(&back[i], true, __ATOMIC_RELEASE);
}

static unsigned int count(void)
{
	return (unsigned int)madt.nr_cpus;
}

static bool describe(unsigned int number, struct cpu_found *found)
{
	uint32_t id = madt.apic_ids[number];

	*found = (struct cpu_found){.is_first = id == apic_id()};
	found->place.apic_id = id;
	apic_place(id, &found->place.package, &found->place.core, &found->place.thread);
	spared[number] |= found->is_first;
	return true;
}

static void spare(unsigned int number)
{
	spared[number] = true;
}

static bool take(EFI_MEMORY_TYPE type, EFI_PHYSICAL_ADDRESS below, UINTN pages,
		 EFI_PHYSICAL_ADDRESS *address)
{
	EFI_PHYSICAL_ADDRESS at = below;
	EFI_STATUS status =
		efi_call(firmware.boot, AllocatePages, AllocateMaxAddress, type, pages, &at);

	if (!EFI_ERROR(status) && !at) {
		efi_call(firmware.boot, FreePages, at, pages);
		status = EFI_NOT_FOUND;
	}
	if (EFI_ERROR(status))
		log_note("the other processors: no memory below 0x%llx for them to start: %s",
			 (unsigned long long)below, firmware_status_name(status));
	else
		*address = at;
	return !EFI_ERROR(status);
}

static unsigned int nr_called(void)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < madt.nr_cpus; i++)
		nr += !spared[i];
	return nr;
}

/* Once a run. Page 0 may be handed out, and is not taken: here 0 means none. */
static bool take_memory(void)
{
	if (!page)
		nr_stacks = nr_called();
	if (!page && !take(EfiLoaderCode, BELOW_1M, 1, &page))
		return false;
	if (!stacks &&
	    !take(EfiLoaderData, ~(EFI_PHYSICAL_ADDRESS)0, nr_stacks * STACK_PAGES, &stacks))
		return false;
	return true;
}

/* What the first CPU has, as it is now: LMA is not written but follows from the rest. */
static void fill_page(void)
{
	struct sipi_data *data = (struct sipi_data *)(uintptr_t)(page + SIPI_DATA);
	struct registers first;

	registers_read(&first);
	memcpy((void *)(uintptr_t)page, sipi_start, (size_t)(sipi_end - sipi_start));
	*data = (struct sipi_data){
		.cr0 = (uint32_t)first.cr0,
		.cr3 = (uint32_t)first.cr3,
		.cr4 = (uint32_t)first.cr4,
		.efer = (uint32_t)(first.efer & ~EFER_LMA),
		.long_mode = (uint32_t)(page + (uintptr_t)(sipi_long_mode - sipi_start)),
		.long_mode_selector = SIPI_CODE_SELECTOR,
		.gdtr = {sizeof(data->gdt) - 1, (uintptr_t)data->gdt},
		.cs = first.cs,
		.ds = read_ds(),
		.es = read_es(),
		.ss = read_ss(),
		.first_gdtr = first.gdt,
		.first_idtr = first.idt,
		.stacks = stacks,
		.entry = arrived,
		.nr_stacks = nr_stacks,
	};
	data->gdt[SIPI_CODE_SELECTOR / 8] = (uint64_t)CODE64_FLAGS << 48 | (uint64_t)CODE64_ACCESS
										   << 40;
}

/* By the memory that the firmware maps one to one, or by MSR. */
static void signal_all(uint32_t signal, unsigned int microseconds)
{
	for (size_t i = 0; i < madt.nr_cpus; i++)
		if (!spared[i] &&
		    !apic_send((void *)(uintptr_t)apic_phys(), madt.apic_ids[i], signal))
			log_note("the other processors: the APIC does not send");
	efi_call(firmware.boot, Stall, microseconds);
}

static unsigned int nr_begun(void)
{
	const struct sipi_data *data = (const struct sipi_data *)(uintptr_t)(page + SIPI_DATA);

	return __atomic_load_n(&data->turn, __ATOMIC_ACQUIRE);
}

/*
 * A further SIPI is for those who have not heard the ones before: two are not always enough for
 * QEMU's on a busy host. The others do not hear it, for they wait for none.
 */
static bool dispatch(void (*procedure)(void))
{
	uint32_t start;

	if (!take_memory())
		return false;
	start = APIC_STARTUP | (uint32_t)(page >> PAGE_SHIFT);
	memcpy(page_before, (const void *)(uintptr_t)page, PAGE_SIZE);
	fill_page();
	memset(back, 0, sizeof(back));
	ordered = procedure;
	called = true;
	signal_all(APIC_INIT, INIT_US);
	for (unsigned int i = 0; i < SIPIS_MAX && nr_begun() < nr_called(); i++)
		signal_all(start, i < 2 ? SIPI_US : BACK_TURN_US);
	return true;
}

static bool are_back(void)
{
	for (size_t i = 0; i < madt.nr_cpus; i++)
		if (!spared[i] && !__atomic_load_n(&back[i], __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* Whoever is not back by then is reset as well. */
static bool wait_for_them(unsigned int turns)
{
	if (!called)
		return true;
	while (!are_back() && turns--)
		efi_call(firmware.boot, Stall, BACK_TURN_US);
	signal_all(APIC_INIT, INIT_US);
	memcpy((void *)(uintptr_t)page, page_before, PAGE_SIZE);
	called = false;
	return are_back();
}

static bool all_back(void)
{
	return wait_for_them(BACK_TURNS_MAX);
}

static bool call(void (*procedure)(void))
{
	return dispatch(procedure) && wait_for_them(CALL_TURNS_MAX);
}

static void leave_out(unsigned int number)
{
	spared[number] = true;
	apic_send((void *)(uintptr_t)apic_phys(), madt.apic_ids[number], APIC_INIT);
	efi_call(firmware.boot, Stall, INIT_US);
}

static void free_pages(EFI_PHYSICAL_ADDRESS *address, UINTN pages)
{
	EFI_STATUS status =
		*address ? efi_call(firmware.boot, FreePages, *address, pages) : EFI_SUCCESS;

	*address = 0;
	if (EFI_ERROR(status))
		log_note("the other processors: FreePages says %s", firmware_status_name(status));
}

static void end(void)
{
	free_pages(&page, 1);
	free_pages(&stacks, nr_stacks * STACK_PAGES);
}

static const char *read_processors(void)
{
	const char *why;
	size_t length;
	const uint8_t *table = acpi_table("APIC", &length, &why);

	if (!table)
		return why ? why : "no MADT";
	return madt_read(&madt, table, length);
}

static const char *refusal(void)
{
	const char *problem = read_processors();

	if (problem)
		return problem;
	if (!madt.nr_cpus)
		return "the MADT names no processor";
	return read_cr3() >> 32 ? "the firmware's tables are not below 4 GiB" : NULL;
}

const struct cpu_caller *sipi_caller(void)
{
	static const struct cpu_caller caller = {count,	   describe, spare,	dispatch,
						 all_back, call,     leave_out, end};
	const char *why = refusal();

	if (why) {
		log_note("cpus: 1 (this firmware has no MP services, and for INIT and SIPI: %s)",
			 why);
		return NULL;
	}
	log_note("this firmware has no MP services: the others come by INIT and SIPI");
	return &caller;
}

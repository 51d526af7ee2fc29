/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"
#include "apic.h"
#include "console.h"
#include "firmware.h"
#include "gate.h"
#include "lib/format.h"
#include "mp_services.h"
#include "platform.h"
#include "this_cpu.h"

enum {
	ROLL_SECONDS_MAX = 5,
	CALL_US_MAX = 10 * 1000000,
	DISPATCH_US_MAX = 3600u * 1000000, /* crew.c has bounds of its own, and shorter ones */
	BACK_TURNS_MAX = 2000,
	BACK_TURN_US = 1000,
	LEFT_OUT_MAX = 64,
	NAME_BYTES = 80,
};

/* A processor that takes part, in the order of CPU numbers. */
static struct member {
	struct cpu_place place;
	UINTN number;	     /* the firmware's */
	bool came;	     /* in the roll call */
	const char *refusal; /* why it cannot take part */
	bool lost, reset;    /* by us, for it does not return */
} members[CPUS_MAX];
static unsigned int nr_members = 1;

static EFI_MP_SERVICES_PROTOCOL *services;
static EFI_EVENT event; /* of the dispatch that is under way; NULL: none is */
static UINTN disabled[LEFT_OUT_MAX], nr_disabled; /* by us: enabled again at the end */

static void format_place(const struct cpu_place *place, char name[NAME_BYTES])
{
	scnprintf(name, NAME_BYTES, "APIC id %u, package %u, core %u, thread %u", place->apic_id,
		  place->package, place->core, place->thread);
}

const char *cpus_describe(unsigned int cpu)
{
	static char name[NAME_BYTES];

	format_place(&members[cpu].place, name);
	return name;
}

unsigned int cpus_nr(void)
{
	return nr_members;
}

const struct cpu_place *cpus_place(unsigned int cpu)
{
	return &members[cpu].place;
}

/* What a processor is called for; it finds itself by its id, since WhoAmI is not to be trusted. */
struct order {
	void (*come)(void);
};

static void EFIAPI arrive(void *argument)
{
	static struct order copies[CPUS_MAX];
	uint32_t id = apic_id();

	for (unsigned int cpu = 1; cpu < nr_members; cpu++) {
		if (members[cpu].place.apic_id != id)
			continue;
		copies[cpu] = *(const struct order *)argument;
		this_cpu_become(cpu);
		copies[cpu].come();
		this_cpu_end();
		return;
	}
}

static void answer_roll_call(void)
{
	struct member *self = &members[platform_cpu()];

	self->refusal = gate_refuses();
	__atomic_store_n(&self->came, true, __ATOMIC_RELEASE);
}

static void log_refusal(const char *service, EFI_STATUS status)
{
	log_note("the other processors: %s says %s", service, firmware_status_name(status));
}

bool cpus_call(void (*come)(void))
{
	static struct order order;
	UINTN *failed = NULL;
	EFI_STATUS status;

	order = (struct order){come};
	status = efi_call(services, StartupAllAPs, services, arrive, FALSE, NULL, CALL_US_MAX,
			  &order, &failed);
	if (failed)
		efi_call(firmware.boot, FreePool, failed);
	if (EFI_ERROR(status))
		log_refusal("StartupAllAPs", status);
	return !EFI_ERROR(status);
}

bool cpus_dispatch(void (*come)(void))
{
	static struct order order;
	EFI_STATUS status = efi_call(firmware.boot, CreateEvent, 0, 0, NULL, NULL, &event);

	order = (struct order){come};
	if (EFI_ERROR(status)) {
		event = NULL;
		log_refusal("CreateEvent", status);
		return false;
	}
	status = efi_call(services, StartupAllAPs, services, arrive, FALSE, event, DISPATCH_US_MAX,
			  &order, NULL);
	if (!EFI_ERROR(status))
		return true;
	log_refusal("StartupAllAPs", status);
	efi_call(firmware.boot, CloseEvent, event);
	event = NULL;
	return false;
}

static bool enable(UINTN number, BOOLEAN on)
{
	EFI_STATUS status = efi_call(services, EnableDisableAP, services, number, on, NULL);

	if (EFI_ERROR(status))
		log_refusal("EnableDisableAP", status);
	return !EFI_ERROR(status);
}

void cpus_lose(unsigned int cpu)
{
	__atomic_store_n(&members[cpu].lost, true, __ATOMIC_SEQ_CST);
}

bool cpus_is_lost(unsigned int cpu)
{
	return __atomic_load_n(&members[cpu].lost, __ATOMIC_SEQ_CST);
}

bool cpus_have_to_reset(void)
{
	for (unsigned int cpu = 1; cpu < nr_members; cpu++)
		if (cpus_is_lost(cpu) && !members[cpu].reset)
			return true;
	return false;
}

/* Disabling resets a processor, wherever it is. It stays so until the end, for otherwise the next
 * dispatch would have it come. The event of the one that it was in never comes. */
void cpus_reset_lost(void)
{
	for (unsigned int cpu = 1; cpu < nr_members; cpu++) {
		if (!cpus_is_lost(cpu) || members[cpu].reset)
			continue;
		members[cpu].reset = true;
		if (enable(members[cpu].number, FALSE) && nr_disabled < LEFT_OUT_MAX)
			disabled[nr_disabled++] = members[cpu].number;
		if (event)
			efi_call(firmware.boot, CloseEvent, event);
		event = NULL;
	}
}

/* The firmware looks after its processors by a timer, every 100 ms. */
bool cpus_all_back(void)
{
	EFI_STATUS status = EFI_NOT_READY;

	cpus_reset_lost();
	if (!event)
		return true;
	for (int turn = 0; turn < BACK_TURNS_MAX && status == EFI_NOT_READY; turn++) {
		status = efi_call(firmware.boot, CheckEvent, event);
		if (status == EFI_NOT_READY)
			efi_call(firmware.boot, Stall, BACK_TURN_US);
	}
	efi_call(firmware.boot, CloseEvent, event);
	event = NULL;
	return !EFI_ERROR(status);
}

void cpus_end(void)
{
	cpus_all_back();
	while (nr_disabled)
		enable(disabled[--nr_disabled], TRUE);
}

/* Does not come to the next call, which would wait for it in vain. */
static void leave_out(const struct member *member, const char *why)
{
	char name[NAME_BYTES];

	format_place(&member->place, name);
	log_note("left out: the processor with %s: %s", name, why);
	if (!member->came && nr_disabled < LEFT_OUT_MAX && enable(member->number, FALSE))
		disabled[nr_disabled++] = member->number;
}

static bool all_came(void)
{
	for (unsigned int i = 1; i < nr_members; i++)
		if (!__atomic_load_n(&members[i].came, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* With PAUSE: where CPUs share a core, or QEMU counts instructions, the others run then. */
static void wait_for_answers(void)
{
	uint64_t limit = platform_ticks() + ROLL_SECONDS_MAX * platform_ticks_per_second();

	while (!all_came() && platform_ticks() < limit)
		platform_pause();
}

static void call_the_roll(void)
{
	unsigned int nr = nr_members;

	if (nr == 1)
		return;
	if (cpus_dispatch(answer_roll_call))
		wait_for_answers();
	nr_members = 1;
	for (unsigned int i = 1; i < nr; i++) {
		if (!__atomic_load_n(&members[i].came, __ATOMIC_ACQUIRE))
			leave_out(&members[i], "it did not come");
		else if (members[i].refusal)
			leave_out(&members[i], members[i].refusal);
		else
			members[nr_members++] = members[i];
	}
}

/* NULL, or why the processor cannot take part. */
static const char *unfit(const EFI_PROCESSOR_INFORMATION *info)
{
	if (!(info->StatusFlag & PROCESSOR_ENABLED_BIT))
		return "the firmware has disabled it";
	if (!(info->StatusFlag & PROCESSOR_HEALTH_STATUS_BIT))
		return "the firmware says that it has failed";
	return NULL;
}

/* Takes one in, if there is room among `most`. */
static void consider(UINTN number, uint64_t most)
{
	EFI_PROCESSOR_INFORMATION info = {0};
	struct member member = {.number = number};
	EFI_STATUS status = efi_call(services, GetProcessorInfo, services, number, &info);

	if (EFI_ERROR(status)) {
		log_refusal("GetProcessorInfo", status);
		return;
	}
	member.place = (struct cpu_place){(uint32_t)info.ProcessorId, info.Location.Package,
					  info.Location.Core, info.Location.Thread};
	if (info.StatusFlag & PROCESSOR_AS_BSP_BIT) {
		members[0] = member;
		return;
	}
	if (nr_members >= most)
		return;
	if (!unfit(&info)) {
		members[nr_members++] = member;
		return;
	}
	member.came = true; /* it is as the firmware wants it */
	leave_out(&member, unfit(&info));
}

/* How many may take part at most. */
static uint64_t choose_most(uint64_t wanted, UINTN there)
{
	uint64_t possible = there < CPUS_MAX ? there : CPUS_MAX;

	if (!wanted)
		return platform_cpu_features()->hypervisor ? possible : 1;
	if (wanted != ~(uint64_t)0 && wanted > possible)
		log_note("cpus=%llu: there are %llu processors, of which %llu can take part",
			 (unsigned long long)wanted, (unsigned long long)there,
			 (unsigned long long)possible);
	return wanted < possible ? wanted : possible;
}

static void find_by_services(uint64_t wanted)
{
	UINTN nr = 0, enabled = 0;
	uint64_t most;
	EFI_STATUS status = efi_call(services, GetNumberOfProcessors, services, &nr, &enabled);

	if (EFI_ERROR(status)) {
		log_refusal("GetNumberOfProcessors", status);
		return;
	}
	most = choose_most(wanted, nr);
	for (UINTN number = 0; number < nr; number++)
		consider(number, most);
	call_the_roll();
	log_note("cpus: %u of %llu processors take part", nr_members, (unsigned long long)nr);
}

void cpus_find(uint64_t wanted)
{
	static const EFI_GUID guid = EFI_MP_SERVICES_PROTOCOL_GUID;

	members[0].place.apic_id = apic_id();
	services = firmware_protocol(NULL, &guid);
	if (services)
		find_by_services(wanted);
	else
		log_note("cpus: 1 (this firmware has no MP services)");
}

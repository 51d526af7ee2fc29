/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"
#include "apic.h"
#include "console.h"
#include "cpu_caller.h"
#include "cpu_features.h"
#include "gate.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mtrr_copy.h"
#include "platform.h"
#include "this_cpu.h"

enum { ROLL_SECONDS_MAX = 5, NAME_BYTES = 80 };
#define CPUS_ALL (~(uint64_t)0)

/* A processor that takes part, in the order of CPU numbers. */
static struct member {
	struct cpu_place place;
	unsigned int number; /* the caller's */
	bool came;	     /* in the roll call */
	const char *refusal; /* why it cannot take part */
	const char *lacking; /* what it has not that the first one has */
	bool lost, reset;    /* by us, for it does not return */
} members[CPUS_MAX];
static unsigned int nr_members = 1;

static const struct cpu_caller *caller; /* NULL: there is one CPU */

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

/* What they are called for, and the MTRRs of who calls. */
static void (*ordered)(void);
static struct mtrr_copy first_mtrrs;

static void order(void (*come)(void))
{
	ordered = come;
	mtrr_copy_read(&first_mtrrs);
}

/* With the first CPU's MTRRs, so that no page is of two types; see mtrr_copy.h. */
static void come_with_its_mtrrs(void (*come)(void))
{
	struct mtrr_copy own;
	bool alike;

	mtrr_copy_read(&own);
	alike = !memcmp(&own, &first_mtrrs, sizeof(own));
	if (!alike)
		mtrr_copy_write(&first_mtrrs);
	come();
	if (!alike)
		mtrr_copy_write(&own);
}

/* A processor finds itself by its id, since WhoAmI is not to be trusted. */
static void arrive(void)
{
	void (*come)(void) = ordered;
	uint32_t id = apic_id();

	for (unsigned int cpu = 1; cpu < nr_members; cpu++) {
		if (members[cpu].place.apic_id != id)
			continue;
		this_cpu_become(cpu);
		come_with_its_mtrrs(come);
		this_cpu_end();
		return;
	}
}

static void answer_roll_call(void)
{
	struct member *self = &members[platform_cpu()];

	self->refusal = gate_refuses();
	self->lacking = cpu_features_lacking();
	__atomic_store_n(&self->came, true, __ATOMIC_RELEASE);
}

bool cpus_call(void (*come)(void))
{
	order(come);
	return caller->call(arrive);
}

bool cpus_dispatch(void (*come)(void))
{
	order(come);
	return caller->dispatch(arrive);
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

void cpus_reset_lost(void)
{
	for (unsigned int cpu = 1; cpu < nr_members; cpu++) {
		if (!cpus_is_lost(cpu) || members[cpu].reset)
			continue;
		members[cpu].reset = true;
		caller->leave_out(members[cpu].number);
	}
}

bool cpus_all_back(void)
{
	cpus_reset_lost();
	return caller->all_back();
}

void cpus_end(void)
{
	if (!caller)
		return;
	cpus_all_back();
	caller->end();
	caller = NULL;
}

/* Does not come to the next call, which would wait for it in vain. */
static void leave_out(const struct member *member, const char *why)
{
	char name[NAME_BYTES];

	format_place(&member->place, name);
	log_note("left out: the processor with %s: %s", name, why);
	if (!member->came)
		caller->leave_out(member->number);
}

static void leave_out_lacking(const struct member *member)
{
	char why[NAME_BYTES];

	scnprintf(why, sizeof(why), "it has no %s", member->lacking);
	leave_out(member, why);
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
		else if (members[i].lacking)
			leave_out_lacking(&members[i]);
		else if (members[i].refusal)
			leave_out(&members[i], members[i].refusal);
		else
			members[nr_members++] = members[i];
	}
}

/* Takes one in, if there is room among `most`. */
static void consider(unsigned int number, uint64_t most)
{
	struct cpu_found found;
	struct member member = {.number = number};

	if (!caller->describe(number, &found))
		return;
	member.place = found.place;
	if (found.is_first) {
		members[0] = member;
	} else if (nr_members >= most) {
		caller->spare(number);
	} else if (!found.unfit) {
		members[nr_members++] = member;
	} else {
		member.came = true; /* it is as the firmware wants it */
		leave_out(&member, found.unfit);
	}
}

/* How many may take part at most. */
static uint64_t choose_most(uint64_t wanted, unsigned int there)
{
	uint64_t possible = there < CPUS_MAX ? there : CPUS_MAX;

	if (!wanted)
		return platform_cpu_features()->hypervisor ? possible : 1;
	if (wanted != CPUS_ALL && wanted > possible)
		log_note("cpus=%llu: there are %u processors, of which %llu can take part",
			 (unsigned long long)wanted, there, (unsigned long long)possible);
	return wanted < possible ? wanted : possible;
}

/* By the firmware's services; else by hand, which is for those who ask for it. */
static const struct cpu_caller *choose_caller(uint64_t wanted)
{
	const struct cpu_caller *chosen = mp_services_caller();

	if (chosen)
		return chosen;
	if (wanted > 1)
		return sipi_caller();
	log_note("cpus: 1 (this firmware has no MP services%s)",
		 wanted ? "" : "; cpus=all or a number has them come by INIT and SIPI");
	return NULL;
}

void cpus_find(uint64_t wanted)
{
	unsigned int nr;
	uint64_t most;

	members[0].place.apic_id = apic_id();
	caller = choose_caller(wanted);
	nr = caller ? caller->count() : 0;
	if (!nr)
		return;
	most = choose_most(wanted, nr);
	for (unsigned int number = 0; number < nr; number++)
		consider(number, most);
	call_the_roll();
	log_note("cpus: %u of %u processors take part", nr_members, nr);
}

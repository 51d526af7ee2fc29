/* SPDX-License-Identifier: BSD-2-Clause */
#include "proof.h"
#include <stdio.h>
#include "levels.h"
#include "machine.h"
#include "mm.h"
#include "space.h"
#include "witness.h"

static struct witness_picture picture_before, picture_after;
static const char *witness_problem;

/* The witness looks from inside, where CR3 is ours; the tables are the same on both sides. */
static void take_picture(struct witness_picture *picture)
{
	machine_enter(kernel_space.root);
	witness_take(picture);
	machine_leave();
}

void proof_before(void)
{
	take_picture(&picture_before);
}

void proof_inside(void)
{
	witness_problem = witness_check();
	witness_take(&picture_after);
}

struct search {
	uint64_t not_clear; /* frames */
	phys_addr_t first;
};

static bool is_clear(phys_addr_t frame)
{
	const uint64_t *words = (const uint64_t *)(machine_memory() + frame);

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i])
			return false;
	return true;
}

static void search_written(void *context, phys_addr_t start, phys_addr_t end)
{
	struct search *search = context;

	for (phys_addr_t frame = start; frame < end; frame += PAGE_SIZE)
		if (memblock_find(frame) && !is_clear(frame)) {
			search->first = search->not_clear ? search->first : frame;
			search->not_clear++;
		}
}

static const char *memory_problem(void)
{
	static char text[96];
	struct search search = {0};

	machine_visit_written(search_written, &search);
	if (!search.not_clear)
		return NULL;
	snprintf(text, sizeof(text), "%llu frames are not clear, the first at 0x%llx",
		 (unsigned long long)search.not_clear, (unsigned long long)search.first);
	return text;
}

static const char *handed_out_problem(void)
{
	static char text[96];
	uint64_t left_out;
	size_t nr;
	const struct phys_range *ranges = mm_handed_out(&nr, &left_out);
	struct search search = {0};

	for (size_t i = 0; i < nr; i++)
		search_written(&search, ranges[i].start, ranges[i].end);
	if (nr > 0 && !search.not_clear && !left_out)
		return NULL;
	snprintf(text, sizeof(text), "%zu runs, %llu frames not clear, %llu not noted", nr,
		 (unsigned long long)search.not_clear, (unsigned long long)left_out);
	return text;
}

static const char *tables_problem(void)
{
	static char text[128];
	const struct witness_picture *before = &picture_before, *after = &picture_after;

	if (before->hash == after->hash && before->leaves == after->leaves &&
	    before->tables == after->tables)
		return NULL;
	snprintf(text, sizeof(text), "%llu leaves in %llu tables before, %llu in %llu after",
		 (unsigned long long)before->leaves, (unsigned long long)before->tables,
		 (unsigned long long)after->leaves, (unsigned long long)after->tables);
	return text;
}

void proof_after(struct runner_result *result)
{
	runner_report(result, "host.memory_given_back", memory_problem());
	runner_report(result, "host.handed_out_noted", handed_out_problem());
	runner_report(result, "host.tables_as_before", tables_problem());
	runner_report(result, "host.second_opinion", witness_problem);
}

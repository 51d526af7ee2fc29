/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "../driver/driver.h"

/*
 * The random driver behind libFuzzer: an input is a row of records, and a round. libFuzzer runs
 * inside of a test, in the simulated machine, which lives on from one input to the next: a round
 * leaves nothing. What fails ends the test, and with it the process, in the middle of an input;
 * libFuzzer writes that down.
 *
 * fuzz.args= has a name for the program and libFuzzer's own arguments, separated by commas: what
 * calls.sh makes of a command line.
 */

enum { ARGUMENTS_MAX = 32 };

/* libFuzzer's names. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *bytes, size_t size));
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed);

static struct record records[ROUND_STEPS];

static void next_record(uint64_t step, struct record *to)
{
	*to = records[step];
}

static int play(const uint8_t *bytes, size_t size)
{
	size_t nr = size / STEP_BYTES;

	if (nr > ROUND_STEPS)
		return -1;
	memcpy(records, bytes, nr * STEP_BYTES);
	round_play(0, nr, next_record);
	return 0;
}

/* Between two records, or at the end. */
static size_t some_border(struct random *random, size_t size)
{
	return random_below(random, size / STEP_BYTES + 1) * STEP_BYTES;
}

static size_t drop_records(struct random *random, uint8_t *bytes, size_t size)
{
	size_t from = some_border(random, size), to = some_border(random, size);

	if (from >= to || (from == 0 && to == size))
		return size;
	memmove(bytes + from, bytes + to, size - to);
	return size - (to - from);
}

/* A record that is new, or one that is there already. */
static size_t insert_record(struct random *random, uint8_t *bytes, size_t size, size_t max)
{
	size_t at = some_border(random, size), from = some_border(random, size);
	struct record record;

	if (size + STEP_BYTES > max)
		return size;
	random_record(random_next(random), 0, 0, &record);
	if (from < size && random_below(random, 2))
		memcpy(record.bytes, bytes + from, STEP_BYTES);
	memmove(bytes + at + STEP_BYTES, bytes + at, size - at);
	memcpy(bytes + at, record.bytes, STEP_BYTES);
	return size + STEP_BYTES;
}

/* Within one record, whose length stays. */
static size_t change_record(struct random *random, uint8_t *bytes, size_t size)
{
	uint8_t *record = bytes + random_below(random, size / STEP_BYTES) * STEP_BYTES;
	size_t from = random_below(random, STEP_BYTES);

	LLVMFuzzerMutate(record + from, STEP_BYTES - from, STEP_BYTES - from);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned int seed)
{
	struct random random;

	random_seed(&random, seed);
	size -= size % STEP_BYTES;
	for (uint64_t turns = 1 + random_below(&random, 4); turns > 0; turns--) {
		uint64_t kind = random_below(&random, 5);

		if (!size || kind < 2)
			size = insert_record(&random, bytes, size, max);
		else if (kind == 2)
			size = drop_records(&random, bytes, size);
		else
			size = change_record(&random, bytes, size);
	}
	return size;
}

/* The first records of one, then the last ones of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed)
{
	struct random random;
	size_t head, tail;

	random_seed(&random, seed);
	head = some_border(&random, a_size);
	tail = some_border(&random, b_size);
	if (head + tail > max || head + tail == 0)
		return 0;
	memcpy(out, a, head);
	memcpy(out + head, b + b_size - b_size % STEP_BYTES - tail, tail);
	return head + tail;
}

/* "a,b" taken apart. */
static int split_arguments(char *text, char **arguments)
{
	int nr = 0;
	char *rest = text;

	while (rest && nr < ARGUMENTS_MAX - 1)
		arguments[nr++] = strsep(&rest, ",");
	arguments[nr] = NULL;
	return nr;
}

TEST_FLAGS(mm_random, fuzz, "no row of calls that libFuzzer finds breaks the model", TEST_NAMED)
{
	char *list[ARGUMENTS_MAX], **arguments = list;
	size_t length;
	const char *option = test_option("args", &length);
	int nr;

	require(option);
	drivers_prepare(1);
	nr = split_arguments(strndup(option, length), list);
	expect_equal(LLVMFuzzerRunDriver(&nr, &arguments, play), 0);
}

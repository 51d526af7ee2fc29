/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "acpi.h"
#include "madt.h"
#include "test.h"

/* The table that names the processors, whole and otherwise. It is read from a copy of exactly its
 * length, so that the sanitizer sees every byte that is read beyond. */

enum { FIRST = ACPI_HEADER_BYTES + 8, ROOM = 8192, ENABLED = 1, ONLINE_CAPABLE = 2 };

static uint8_t table[ROOM];
static size_t length;
static struct madt madt;

static void begin(void)
{
	memset(table, 0, sizeof(table));
	length = FIRST;
}

static void put(const uint8_t *bytes, size_t nr)
{
	memcpy(table + length, bytes, nr);
	length += nr;
}

static void put_apic(uint8_t id, uint8_t flags)
{
	put((uint8_t[]){0, 8, 77, id, flags, 0, 0, 0}, 8);
}

static void put_x2apic(uint16_t id, uint8_t flags)
{
	put((uint8_t[]){9, 16, 0, 0, (uint8_t)id, (uint8_t)(id >> 8), 0, 0, flags, 0, 0, 0, 5, 0, 0,
			0},
	    16);
}

static const char *read_copy(size_t nr)
{
	uint8_t *copy = malloc(nr ? nr : 1);
	const char *problem;

	memcpy(copy, table, nr);
	memset(&madt, 0xee, sizeof(madt));
	problem = madt_read(&madt, copy, nr);
	free(copy);
	return problem;
}

TEST(madt, processors, "processors are those that are enabled, by either kind of entry, each once")
{
	begin();
	put_apic(0, ENABLED);
	put_apic(3, ENABLED);
	put_apic(4, ONLINE_CAPABLE);
	put((uint8_t[]){1, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 12);
	put_x2apic(0x1234, ENABLED);
	put_x2apic(3, ENABLED);
	put_x2apic(9, 0);
	expect(!read_copy(length));
	expect_equal(madt.nr_cpus, 3);
	expect_equal(madt.apic_ids[0], 0);
	expect_equal(madt.apic_ids[1], 3);
	expect_equal(madt.apic_ids[2], 0x1234);
	expect_equal(madt.nr_more, 0);
}

TEST(madt, many, "those for whom there is no room are counted")
{
	begin();
	for (unsigned int id = 0; id < MADT_CPUS_MAX + 3; id++)
		put_x2apic((uint16_t)id, ENABLED);
	expect(!read_copy(length));
	expect_equal(madt.nr_cpus, MADT_CPUS_MAX);
	expect_equal(madt.apic_ids[MADT_CPUS_MAX - 1], MADT_CPUS_MAX - 1);
	expect_equal(madt.nr_more, 3);
}

TEST(madt, refused, "a table with an entry that cannot be true is refused as a whole")
{
	static const uint8_t bad[][2] = {{0, 0}, {0, 1}, {0, 7}, {9, 15}, {0, 20}, {200, 1}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		put_apic(1, ENABLED);
		put(bad[i], 2);
		put((uint8_t[14]){0}, 14);
		expect(read_copy(length));
		expect_equal(madt.nr_cpus, 0);
	}
}

TEST(madt, cut, "cut anywhere, it is read to the end of an entry or refused")
{
	begin();
	put_apic(1, ENABLED);
	put_x2apic(2, ENABLED);
	for (size_t nr = ACPI_HEADER_BYTES; nr <= length; nr++) {
		bool whole = nr == FIRST || nr == FIRST + 8 || nr == length;

		expect_equal(!read_copy(nr), whole);
		expect_equal(madt.nr_cpus, !whole || nr == FIRST ? 0 : nr == length ? 2 : 1);
	}
}

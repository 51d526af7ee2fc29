/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "acpi.h"
#include "levels.h"
#include "srat.h"
#include "test.h"

/*
 * ACPI tables that are whole, and tables that lie. They stand in a made-up memory from BASE on.
 * What the parser asks to look at it gets as a copy of exactly that length, so that the sanitizer
 * sees every byte that it reads beyond.
 */

enum {
	BASE = 0x1000,
	SIZE = 0x1000,
	RSDP = BASE,
	RSDT = BASE + 0x100,
	XSDT = BASE + 0x200,
	OTHER = BASE + 0x300,
	SRAT = BASE + 0x800,
	HEADER = ACPI_HEADER_BYTES,
	ENTRIES = HEADER + 12,
	LOOKS_MAX = 64,
};
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static uint8_t memory[SIZE];
static uint8_t *looks[LOOKS_MAX];
static unsigned int nr_looks;

static const uint8_t *look(void *unused, uint64_t address, size_t length)
{
	uint8_t *copy;

	(void)unused;
	if (address < BASE || length > SIZE || address > BASE + SIZE - length ||
	    nr_looks == LOOKS_MAX)
		return NULL;
	copy = malloc(length);
	memcpy(copy, memory + (address - BASE), length);
	looks[nr_looks++] = copy;
	return copy;
}

static void forget_looks(void)
{
	while (nr_looks)
		free(looks[--nr_looks]);
}

static uint8_t *at(uint64_t address)
{
	return memory + (address - BASE);
}

static void put(uint64_t address, uint64_t value, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		at(address)[i] = (uint8_t)(value >> (8 * i));
}

/* Makes the sum of `length` bytes 0 by the one at `where`. */
static void seal(uint64_t address, size_t length, size_t where)
{
	uint8_t sum = 0;

	at(address)[where] = 0;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + at(address)[i]);
	at(address)[where] = (uint8_t)-sum;
}

static void seal_table(uint64_t address)
{
	seal(address, acpi_number(at(address) + 4, 4), 9);
}

static void put_header(uint64_t address, const char *name, uint32_t length, uint8_t revision)
{
	memcpy(at(address), name, 4);
	put(address + 4, length, 4);
	at(address)[8] = revision;
}

static void seal_pointer(void)
{
	seal(RSDP, 20, 8);
	seal(RSDP, 36, 32);
}

static uint64_t put_memory(uint64_t entry, uint32_t domain, uint64_t start, uint64_t length)
{
	put(entry, 1, 1);
	put(entry + 1, 40, 1);
	put(entry + 2, domain, 4);
	put(entry + 8, start, 8);
	put(entry + 16, length, 8);
	put(entry + 28, 1, 4);
	return entry + 40;
}

static uint64_t put_apic(uint64_t entry, uint32_t domain, uint8_t apic_id)
{
	put(entry, 0, 1);
	put(entry + 1, 16, 1);
	put(entry + 2, domain, 1);
	put(entry + 3, apic_id, 1);
	put(entry + 4, 1, 4);
	put(entry + 9, domain >> 8, 3);
	return entry + 16;
}

static uint64_t put_x2apic(uint64_t entry, uint32_t domain, uint32_t apic_id)
{
	put(entry, 2, 1);
	put(entry + 1, 24, 1);
	put(entry + 4, domain, 4);
	put(entry + 8, apic_id, 4);
	put(entry + 12, 1, 4);
	return entry + 24;
}

/* The SRAT's entries end at `end`. */
static void close_srat(uint64_t end)
{
	put_header(SRAT, "SRAT", (uint32_t)(end - SRAT), 3);
	seal_table(SRAT);
}

/* A machine of two nodes, domains 7 and 0x1234, whose memory alternates; three processors. */
static void put_srat(void)
{
	uint64_t entry = SRAT + ENTRIES;

	entry = put_apic(entry, 7, 0);
	entry = put_memory(entry, 7, 0, 640 << 10);
	entry = put_memory(entry, 7, MIB, 127 * MIB);
	entry = put_memory(entry, 0x1234, 128 * MIB, 128 * MIB);
	entry = put_apic(entry, 0x1234, 1);
	put(entry, 99, 1); /* a type of the future */
	put(entry + 1, 6, 1);
	entry = put_memory(entry + 6, 7, 4 * GIB, GIB);
	close_srat(put_x2apic(entry, 0x1234, 0x10002));
}

static void make_tables(void)
{
	memset(memory, 0, sizeof(memory));
	memcpy(at(RSDP), "RSD PTR ", 8);
	at(RSDP)[15] = 2;
	put(RSDP + 16, RSDT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	seal_pointer();
	put_header(RSDT, "RSDT", HEADER + 8, 1);
	put(RSDT + HEADER, OTHER, 4);
	put(RSDT + HEADER + 4, SRAT, 4);
	seal_table(RSDT);
	put_header(XSDT, "XSDT", HEADER + 16, 1);
	put(XSDT + HEADER, OTHER, 8);
	put(XSDT + HEADER + 8, SRAT, 8);
	seal_table(XSDT);
	put_header(OTHER, "APIC", HEADER + 4, 3);
	seal_table(OTHER);
	put_srat();
}

static const char *problem;
static struct srat srat;

/* The length of the SRAT that is found; 0: none is. */
static size_t find(void)
{
	const struct acpi_memory from = {.look = look};
	size_t length = 0;
	const uint8_t *table = acpi_find(&from, RSDP, "SRAT", &length, &problem);
	bool same = table && !memcmp(table, at(SRAT), length);

	forget_looks();
	return same ? length : 0;
}

/* What srat_read() says of the table as it stands; "" when it is content. */
static const char *read_srat(void)
{
	size_t length = acpi_number(at(SRAT) + 4, 4);
	uint8_t *copy = malloc(length);
	const char *said;

	memcpy(copy, at(SRAT), length);
	said = srat_read(&srat, copy, length);
	free(copy);
	return said ? said : "";
}

TEST(acpi, find, "a table is found through the XSDT, and through the RSDT where that is all")
{
	make_tables();
	expect_equal(find(), acpi_number(at(SRAT) + 4, 4));
	put(XSDT + HEADER + 8, OTHER, 8);
	seal_table(XSDT);
	expect_equal(find(), 0); /* the XSDT is whole: what it does not name is not there */
	expect(!problem);
	at(RSDP)[15] = 0;
	put(RSDP + 24, 0, 8);
	seal_pointer();
	expect_not_equal(find(), 0);
}

TEST(acpi, rsdt_instead, "an XSDT that is not whole is passed over for the RSDT")
{
	make_tables();
	at(XSDT)[9]++;
	expect_not_equal(find(), 0);
	make_tables();
	put(RSDP + 24, 0x7ffffffffffff000, 8);
	seal_pointer();
	expect_not_equal(find(), 0);
	put(RSDP + 16, 0, 4);
	seal_pointer();
	expect_equal(find(), 0);
	expect_string(problem, "a table lies outside of memory");
}

TEST(acpi, pointer, "a pointer with another name, checksum or length is none")
{
	make_tables();
	at(RSDP)[8]++;
	expect_equal(find(), 0);
	make_tables();
	at(RSDP)[32]++; /* the sum over all of it, not the one over the first part */
	expect_equal(find(), 0);
	make_tables();
	memcpy(at(RSDP), "RSD PTRX", 8);
	seal_pointer();
	expect_equal(find(), 0);
	for (uint64_t length = 0; length < 36; length += 5) {
		make_tables();
		put(RSDP + 20, length, 4);
		seal_pointer();
		expect_equal(find(), 0);
	}
	put(RSDP + 20, 0xffffffff, 4);
	seal_pointer();
	expect_equal(find(), 0);
	expect_string(problem, "the pointer to the tables is not one");
}

static void expect_table_refused(uint64_t length, const char *because)
{
	make_tables();
	put(SRAT + 4, length, 4);
	expect_equal(find(), 0);
	expect_string(problem ? problem : "", because);
}

TEST(acpi, lengths, "a table whose length lies is not followed")
{
	expect_table_refused(0, "a table's length cannot be true");
	expect_table_refused(HEADER - 1, "a table's length cannot be true");
	expect_table_refused(0xffffffff, "a table's length cannot be true");
	expect_table_refused(ACPI_TABLE_MAX, "a table reaches out of memory");
	expect_table_refused(HEADER, "a table's checksum is wrong");
	make_tables();
	put(XSDT + HEADER, 0xfffffffffffffff0, 8); /* wraps around */
	seal_table(XSDT);
	expect_not_equal(find(), 0); /* the entry behind it is good all the same */
}

TEST(acpi, checksum, "one wrong byte anywhere in a table, and it is not used")
{
	make_tables();
	for (size_t i = 0, length = find(); i < length; i++) {
		at(SRAT)[i] ^= 0x10;
		expect_equal(find(), 0);
		at(SRAT)[i] ^= 0x10;
	}
	expect_not_equal(find(), 0);
}

TEST(srat, nodes, "memory and processors belong to the nodes that the table names")
{
	uint64_t end;

	make_tables();
	expect_string(read_srat(), "");
	require_equal(srat.nr_nodes, 2);
	expect_equal(srat.domain[0], 7);
	expect_equal(srat.domain[1], 0x1234);
	expect_equal(srat_node_of_cpu(&srat, 0), 0);
	expect_equal(srat_node_of_cpu(&srat, 1), 1);
	expect_equal(srat_node_of_cpu(&srat, 0x10002), 1);
	expect_equal(srat_node_of_cpu(&srat, 77), 0);
	expect_equal(srat_node_of(&srat, 2 * MIB, 200 * MIB, &end), 0);
	expect_equal(end, 128 * MIB);
	expect_equal(srat_node_of(&srat, 128 * MIB, 200 * MIB, &end), 1);
	expect_equal(end, 200 * MIB);
	expect_equal(srat_node_of(&srat, 200 * MIB, 8 * GIB, &end), 1);
	expect_equal(end, 256 * MIB);
	expect_equal(srat_node_of(&srat, 256 * MIB, 8 * GIB, &end), 0); /* nobody's */
	expect_equal(end, 4 * GIB);
	expect_equal(srat_node_of(&srat, 5 * GIB, 8 * GIB, &end), 0);
	expect_equal(end, 8 * GIB);
}

/* A table of `nr` ranges of memory, each of a domain of its own. */
static void put_many(unsigned int nr)
{
	uint64_t entry = SRAT + ENTRIES;

	for (unsigned int i = 0; i < nr; i++)
		entry = put_memory(entry, i, i * MIB, MIB);
	close_srat(entry);
}

TEST(srat, refused, "a table that contradicts itself is refused as a whole")
{
	make_tables();
	put_memory(SRAT + ENTRIES + 16, 9, 129 * MIB, MIB); /* within the other node's */
	expect_string(read_srat(), "its ranges of memory overlap");
	expect_equal(srat.nr_nodes + srat.nr_parts + srat.nr_cpus, 0);
	make_tables();
	put_memory(SRAT + ENTRIES + 16, 7, GIB, ~(uint64_t)0 - MIB);
	expect_string(read_srat(), "a range of memory wraps around");
	put_many(SRAT_NODES_MAX);
	expect_string(read_srat(), "");
	expect_equal(srat.nr_nodes, SRAT_NODES_MAX);
	put_many(SRAT_NODES_MAX + 1);
	expect_string(read_srat(), "it has too many nodes");
}

TEST(srat, entries, "an entry of no length, too short or too long a one ends it")
{
	static const uint8_t wrong[] = {0, 1, 255};

	for (size_t i = 0; i < sizeof(wrong); i++) {
		make_tables();
		put_many(2);
		at(SRAT)[ENTRIES + 41] = wrong[i];
		expect_string(read_srat(), "an entry's length cannot be true");
		expect_equal(srat.nr_nodes, 0);
	}
	at(SRAT)[ENTRIES + 41] = 39;
	expect_string(read_srat(), "an entry is too short for its type");
	put_many(2);
	put(SRAT + 4, ENTRIES + 81, 4);
	expect_string(read_srat(), "bytes are left behind its last entry");
	put(SRAT + 4, ENTRIES - 1, 4);
	expect_string(read_srat(), "it is too short");
}

TEST(srat, skipped, "what is disabled, empty or less than a page does not count")
{
	make_tables();
	put_many(3);
	put(SRAT + ENTRIES + 28, 2, 4);	     /* not enabled */
	put(SRAT + ENTRIES + 40 + 16, 0, 8); /* no bytes */
	put(SRAT + ENTRIES + 80 + 8, 2 * MIB + 1, 8);
	expect_string(read_srat(), "");
	require_equal(srat.nr_parts, 1);
	expect_equal(srat.domain[0], 2);
	expect_equal(srat.parts[0].start, 2 * MIB + PAGE_SIZE);
	expect_equal(srat.parts[0].end, 3 * MIB);
	put_many(1);
	at(SRAT)[8] = 1; /* revision 1: domains of 8 bits, the rest is not looked at */
	put(SRAT + ENTRIES + 2, 0xabcdef05, 4);
	expect_string(read_srat(), "");
	expect_equal(srat.domain[0], 5);
}

/* What must hold of any answer. */
static bool is_sound(void)
{
	for (size_t i = 0; i < srat.nr_parts; i++) {
		const struct srat_part *part = &srat.parts[i];

		if (part->start >= part->end || (part->start | part->end) & ~PAGE_MASK ||
		    part->node >= srat.nr_nodes || (i > 0 && part[-1].end > part->start))
			return false;
	}
	return srat.nr_nodes <= SRAT_NODES_MAX && srat.nr_parts <= SRAT_PARTS_MAX;
}

TEST(srat, mutated, "whatever is changed in the tables, the answer is sound or a refusal")
{
	enum { ROUNDS = 20000 };
	unsigned int refused = 0, found = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		make_tables();
		for (uint64_t changes = 1 + test_random_below(NULL, 3); changes > 0; changes--)
			memory[test_random_below(NULL, SRAT - BASE + 0x140)] =
				(uint8_t)test_random();
		if (test_random_below(NULL, 2))
			seal_pointer();
		found += find() != 0;
		refused += acpi_number(at(SRAT) + 4, 4) <= SIZE - (SRAT - BASE) &&
			   *read_srat() != '\0';
		require(is_sound());
		if (round % 256 == 0)
			test_relax();
	}
	expect_not_equal(refused, 0);
	expect_not_equal(found, 0);
	expect_not_equal(found, ROUNDS);
}

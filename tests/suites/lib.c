/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* Under names of their own, so that they are tested where libc's are in use as well. */
#define STRING_NAME(name) our_##name
void *our_memcpy(void *to, const void *from, size_t size);
void *our_memmove(void *to, const void *from, size_t size);
void *our_memset(void *to, int byte, size_t size);
int our_memcmp(const void *a, const void *b, size_t size);
size_t our_strlen(const char *s);
int our_strcmp(const char *a, const char *b);
int our_strncmp(const char *a, const char *b, size_t size);
#include "lib/string.c"

#include "lib/format.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/random.h"
#include "platform.h"
#include "test.h"

enum { BYTES = 64 };

static void fill(uint8_t *bytes)
{
	for (unsigned int i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i + 1);
}

TEST(lib, memcpy, "copies of every length and alignment are exact and touch nothing else")
{
	uint8_t from[BYTES], to[BYTES];

	fill(from);
	for (size_t size = 0; size <= 24; size++)
		for (size_t at = 0; at < 9; at++) {
			our_memset(to, 0, BYTES);
			expect(our_memcpy(to + at, from + 3, size) == to + at);
			for (size_t i = 0; i < BYTES; i++)
				expect_equal(to[i], i >= at && i < at + size ? i - at + 4 : 0);
		}
}

TEST(lib, memmove, "overlapping moves keep the contents, in both directions")
{
	uint8_t bytes[BYTES];

	for (size_t to = 0; to < 32; to++) {
		fill(bytes);
		expect(our_memmove(bytes + to, bytes + 16, 24) == bytes + to);
		for (size_t i = 0; i < 24; i++)
			expect_equal(bytes[to + i], 17 + i);
	}
	expect(our_memmove(bytes, bytes + 1, 0) == bytes);
}

TEST(lib, memset, "every length is filled with the byte alone")
{
	uint8_t bytes[BYTES];

	for (size_t size = 0; size < 40; size++) {
		fill(bytes);
		our_memset(bytes + 5, 0x1c3, size);
		for (size_t i = 0; i < BYTES; i++)
			expect_equal(bytes[i], i >= 5 && i < 5 + size ? 0xc3 : i + 1);
	}
}

TEST(lib, compare, "comparisons go by unsigned bytes and stop where they should")
{
	expect(our_memcmp("a\0b", "a\0c", 3) < 0);
	expect(our_memcmp("\xff", "\x01", 1) > 0);
	expect_equal(our_memcmp("abc", "abd", 2), 0);
	expect_equal(our_strcmp("abc", "abc"), 0);
	expect(our_strcmp("abc", "abcd") < 0);
	expect(our_strcmp("b", "abcd") > 0);
	expect_equal(our_strncmp("abcx", "abcy", 3), 0);
	expect(our_strncmp("abcx", "abcy", 4) < 0);
	expect_equal(our_strlen(""), 0);
	expect_equal(our_strlen("seven b"), 7);
}

#define expect_format(expected, ...)                                                               \
	do {                                                                                       \
		scnprintf(text, sizeof(text), __VA_ARGS__);                                        \
		expect_string(text, expected);                                                     \
	} while (0)

TEST_FLAGS(lib, format, "conversions, flags, width and precision are printf's", TEST_SMOKE)
{
	const char *volatile nothing = NULL;
	char text[80];

	expect_format("(null)", "%s", nothing);
	expect_format("7 -7 +", "%d %i +", 7, -7);
	expect_format("   42|42   |00042|  -42", "%5d|%-5d|%05d|%5d", 42, 42, 42, -42);
	expect_format("ff FF 0xff 0x00ff", "%x %X %#x %#06x", 255, 255, 255, 255);
	expect_format("18446744073709551615", "%llu", ULLONG_MAX);
	expect_format("-9223372036854775808", "%ld", INT64_MIN);
	expect_format("4294967295 255 65535", "%u %hhu %hu", -1u, (uint8_t)255, (uint16_t)65535);
	expect_format("0x1234", "%p", (void *)0x1234);
	expect_format("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc");
	expect_format("x%y", "%c%%%c", 'x', 'y');
	expect_format("   007", "%*.*d", 6, 3, 7);
	expect_format("-5 6", "%td %zu", (ptrdiff_t)-5, (size_t)6);
}

TEST(lib, format_cut,
     "what does not fit is cut, ends with a NUL, and its length is what was written")
{
	char text[8] = "untouch";

	expect_equal(scnprintf(text, 4, "%s", "abcdef"), 3);
	expect_string(text, "abc");
	expect_equal(text[4], 'u');
	expect_equal(scnprintf(text, 0, "%s", "abcdef"), 0);
	expect_string(text, "abc");
	expect_equal(scnprintf(text, 1, "%d", 5), 0);
	expect_string(text, "");
}

/* From the authors' own program, seeded as random_seed() does. */
TEST(lib, random_known, "the numbers of seed 0 are the published ones")
{
	struct random random;

	random_seed(&random, 0);
	expect_equal(random_next(&random), UINT64_C(0x99ec5f36cb75f2b4));
	expect_equal(random_next(&random), UINT64_C(0xbf6e1f784956452a));
	expect_equal(random_next(&random), UINT64_C(0x1a5f849d4933e6e0));
}

TEST(lib, random_below, "numbers below a bound stay below it and are evenly spread")
{
	enum { BOUND = 10, DRAWS = 20000, CHI_SQUARE_LIMIT = 45 }; /* 9 degrees, one in a million */
	unsigned int seen[BOUND] = {0};
	struct random random;
	uint64_t chi_square = 0;

	random_seed(&random, test_random());
	for (unsigned int i = 0; i < DRAWS; i++) {
		uint64_t drawn = random_below(&random, BOUND);

		require(drawn < BOUND);
		seen[drawn]++;
	}
	for (unsigned int i = 0; i < BOUND; i++) {
		int64_t off = (int64_t)seen[i] - DRAWS / BOUND;

		chi_square += (uint64_t)(off * off);
	}
	expect_below(chi_square / (DRAWS / BOUND), CHI_SQUARE_LIMIT);
	expect_equal(random_below(&random, 1), 0);
}

struct item {
	unsigned int number;
	struct list_head node;
};

TEST(lib, list, "a list keeps its order through adding at both ends, taking off and splicing")
{
	struct list_head list, other;
	struct item items[4];
	unsigned int number = 0;

	list_init(&list);
	list_init(&other);
	expect(list_empty(&list));
	for (unsigned int i = 0; i < 4; i++)
		items[i].number = i;
	list_add_tail(&items[1].node, &list);
	list_add(&items[0].node, &list);
	list_add_tail(&items[2].node, &other);
	list_add_tail(&items[3].node, &other);
	list_splice_tail(&other, &list);
	list_splice_tail(&other, &list); /* empty now: nothing more */
	expect(list_empty(&other));
	list_for_each_entry(item, &list, struct item, node) expect_equal(item->number, number++);
	expect_equal(number, 4);
	list_for_each_entry_safe(item, following, &list, struct item, node) if (item->number % 2)
		list_del(&item->node);
	number = 0;
	list_for_each_entry(item, &list, struct item, node)
		expect_equal(item->number, 2 * number++);
	expect_equal(number, 2);
}

TEST(lib, lock, "a lock is held by one, counted, and cannot be tried a second time")
{
	struct spinlock lock = SPINLOCK("a test's", LOCK_RANK_NONE);
	unsigned int held = locks_held();

	spin_lock(&lock);
	expect(spin_is_locked(&lock));
	expect_equal(locks_held(), held + 1);
	expect(!spin_trylock(&lock));
	spin_unlock(&lock);
	expect(!spin_is_locked(&lock));
	expect_equal(locks_held(), held);
	expect(spin_trylock(&lock));
	spin_unlock(&lock);
	expect_equal(locks_held(), held);
}

/* Two counters that are equal whenever nobody holds the lock. */
static struct contended {
	struct spinlock lock;
	uint64_t one, other;
	bool differed;
} contended = {.lock = SPINLOCK("a test's", LOCK_RANK_NONE)};

enum { TURNS = 2000 };

static void take_turns(void *context)
{
	struct contended *shared = context;

	for (unsigned int i = 0; i < TURNS; i++) {
		spin_lock(&shared->lock);
		shared->differed |= shared->one != shared->other;
		shared->one++;
		platform_pause();
		shared->other++;
		spin_unlock(&shared->lock);
	}
}

TEST(lib, lock_excludes, "what a lock guards is seen whole by every CPU, and waits are counted")
{
	unsigned int nr;
	uint64_t waited;

	contended.one = contended.other = 0;
	contended.differed = false;
	contended.lock.contended = 0;
	waited = locks_waited();
	nr = test_run_on_cpus(4, take_turns, &contended);
	expect_equal(locks_waited() - waited, contended.lock.contended);
	expect(!contended.differed);
	expect_equal(contended.one, (uint64_t)nr * TURNS);
	expect_equal(contended.other, (uint64_t)nr * TURNS);
}

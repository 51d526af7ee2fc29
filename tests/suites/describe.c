/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "set_memory.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"

/* What is said of an address after the name of its area. */

/* Begins with `first`, and ends with `last`. */
static bool says(const void *address, const char *first, const char *last)
{
	char text[PLATFORM_LINE_MAX];
	size_t length;

	fault_describe((uintptr_t)address, text, sizeof(text));
	length = strlen(text);
	if (strncmp(text, first, strlen(first)) == 0 && length >= strlen(last) &&
	    strncmp(text + length - strlen(last), last, strlen(last) + 1) == 0)
		return true;
	test_note("%s", text);
	return false;
}

TEST(describe, absent, "a page that was made not present is told as that, behind its area")
{
	const char *absent = "; that page was made not present";
	char *p = vmalloc(2 * PAGE_SIZE);

	require(p);
	expect_equal(set_memory_np((unsigned long)(uintptr_t)p, 1), 0);
	expect(says(p, "the start of a 2-page vmalloc area", absent));
	expect(says(p + 9, "9 bytes inside of a 2-page vmalloc area", absent));
	expect(!says(p + PAGE_SIZE, "4096 bytes inside of a 2-page vmalloc area", absent));
	expect_equal(set_memory_p((unsigned long)(uintptr_t)p, 1), 0);
	expect(!says(p, "the start of a 2-page vmalloc area", absent));
	vfree(p);
}

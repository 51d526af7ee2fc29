/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"

/*
 * Wild accesses, made on purpose: each runs only where test= has its full name, and fails. What the
 * report says of them, and that the run goes on, is looked at from outside
 * (tests/qemu/test_trap.py).
 */

/* The compiler is not to know what it is. */
static volatile uint8_t *at(uintptr_t address)
{
	__asm__("" : "+r"(address));
	return (volatile uint8_t *)address;
}

TEST_FLAGS(trap, wild_write, "a write through a wild pointer fails this test and no other",
	   TEST_NAMED)
{
	*at(VMALLOC_END - PAGE_SIZE) = 1;
}

TEST_FLAGS(trap, null, "a read near NULL fails this test and no other", TEST_NAMED)
{
	(void)*at(0x18);
}

/* The hexadecimal number behind "0x"; 0: there is none. */
static uintptr_t parse_address(const char *text, size_t length)
{
	uintptr_t address = 0;

	for (size_t i = 2; text && i < length; i++) {
		char c = text[i];
		unsigned int digit = c >= '0' && c <= '9'   ? (unsigned int)(c - '0')
				     : c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10
							    : 16;

		if (digit > 15)
			return 0;
		address = address << 4 | digit;
	}
	return address;
}

TEST_FLAGS(trap, wild_read, "a read from wild_read.address=0x... fails this test and no other",
	   TEST_NAMED)
{
	size_t length = 0;
	const char *text = test_option("address", &length);

	(void)*at(parse_address(text, length));
}

static void *allocated;

static void free_allocated(void *unused)
{
	(void)unused;
	vfree(allocated);
}

static struct test_end end = {.function = free_allocated};

/* Into the test itself, which is so the one who allocated. */
static inline __attribute__((always_inline)) uintptr_t allocate(void)
{
	allocated = vmalloc(3 * PAGE_SIZE);
	require(allocated);
	test_at_end(&end);
	return (uintptr_t)allocated;
}

TEST_FLAGS(trap, behind, "a write 17 bytes past the end of an area fails this test and no other",
	   TEST_NAMED)
{
	*at(allocate() + 3 * PAGE_SIZE + 17) = 1;
}

TEST_FLAGS(trap, before, "a write 8 bytes before an area fails this test and no other", TEST_NAMED)
{
	*at(allocate() - 8) = 1;
}

TEST_FLAGS(trap, freed, "a read from an area that was freed fails this test and no other",
	   TEST_NAMED)
{
	void *freed = vmalloc(3 * PAGE_SIZE);

	require(freed);
	vfree(freed);
	vm_unmap_aliases();
	(void)*at((uintptr_t)freed + 0x18);
}

TEST_FLAGS(trap, text, "a write to the image's text fails this test and no other", TEST_NAMED)
{
	if (test_on_host())
		test_skip("a process's text is the host's, not simulated");
	*at((uintptr_t)free_allocated) = 1;
}

/* Read-only, and not known to the compiler to be. */
TEST_FLAGS(trap, rodata, "a write to the image's constants fails this test and no other",
	   TEST_NAMED)
{
	static const char constant[] = "vmlab's own words";

	if (test_on_host())
		test_skip("a process's constants are the host's, not simulated");
	*at((uintptr_t)constant) = 1;
}

TEST_FLAGS(trap, freed_frame,
	   "a read of a freed frame, with debug=pagealloc, fails this test alone", TEST_NAMED)
{
	unsigned long frame = __get_free_page(GFP_KERNEL);

	require(frame);
	free_page(frame);
	(void)*at(frame + 0x28);
	expect(!"debug=pagealloc is off, or the frame is still mapped");
}

/* At a hole in the middle of the addresses: no page fault, since no table is asked. */
TEST_FLAGS(trap, non_canonical, "a read of an address that is not canonical fails this test alone",
	   TEST_NAMED)
{
	if (test_on_host())
		test_skip("a process cannot tell it from other faults");
	(void)*at((uintptr_t)1 << 62);
}

/* On the stack of a test, deeper with each call until nothing is left of it. */
static unsigned int __attribute__((noinline))
dig(volatile unsigned int *deepest, unsigned int depth)
{
	volatile unsigned int here[64];

	here[depth % 64] = depth;
	if (depth == *deepest)
		return depth;
	return dig(deepest, depth + 1) + here[depth % 64];
}

TEST_FLAGS(trap, stack, "a stack that overflows fails this test and no other", TEST_NAMED)
{
	static volatile unsigned int deepest = UINT32_MAX;

	if (test_on_host())
		test_skip("a process's stack has another guard");
	expect_equal(dig(&deepest, 0), 0);
}

/* Somebody who is asked what an address is, and does not survive that. */
static bool describe_badly(uintptr_t address, char *buffer, size_t size)
{
	(void)address;
	(void)size;
	buffer[0] = (char)*at(0x28);
	return true;
}

TEST_FLAGS(trap, handler, "a fault in the fault handler ends the run with a report", TEST_NAMED)
{
	if (test_on_host())
		test_skip("a signal handler's faults are the process's end");
	fault_add_describer(describe_badly);
	*at(layout.vmalloc_end + PAGE_SIZE) = 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"

/*
 * Wild jumps, and instructions that cannot be carried out. As in trap.c each runs only where test=
 * has its full name, and fails; what is said of it is looked at from outside.
 */

enum { INSTRUCTION_RET = 0xc3 };

static void skip_on_host(void)
{
	if (test_on_host())
		test_skip("a process executes what the host maps, not what is simulated");
}

/* The compiler is not to know what it calls; after the call there is something left to do, so that
 * it is no jump and the caller stands in the backtrace. */
static inline __attribute__((always_inline)) void jump_to(uintptr_t address)
{
	__asm__("" : "+r"(address));
	((void (*)(void))address)();
	__asm__ volatile("" : : : "memory");
}

TEST_FLAGS(trap, null_jump, "a call of NULL fails this test and no other", TEST_NAMED)
{
	skip_on_host();
	jump_to(0);
}

static uint8_t *area;

static void free_area(void *unused)
{
	(void)unused;
	vfree(area);
}

TEST_FLAGS(trap, execute_area, "data in an area, executed, fails this test and no other",
	   TEST_NAMED)
{
	static struct test_end end = {.function = free_area};

	skip_on_host();
	area = vmalloc(PAGE_SIZE);
	require(area);
	test_at_end(&end);
	area[0] = INSTRUCTION_RET;
	jump_to((uintptr_t)area);
}

TEST_FLAGS(trap, execute_data, "the image's data, executed, fails this test and no other",
	   TEST_NAMED)
{
	static uint8_t data[] = {INSTRUCTION_RET};

	skip_on_host();
	jump_to((uintptr_t)data);
}

TEST_FLAGS(trap, execute_stack, "the stack, executed, fails this test and no other", TEST_NAMED)
{
	volatile uint8_t code[16] = {INSTRUCTION_RET};

	skip_on_host();
	jump_to((uintptr_t)code);
}

/* Of our own tables the root, through the direct map: whoever could execute it could write code
 * there by mapping things. */
TEST_FLAGS(trap, execute_table, "a page table, executed, fails this test and no other", TEST_NAMED)
{
	skip_on_host();
	jump_to((uintptr_t)phys_to_virt(kernel_space.root));
}

TEST_FLAGS(trap, divide, "a division by zero fails this test and no other", TEST_NAMED)
{
	skip_on_host();
	__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc");
}

TEST_FLAGS(trap, undefined, "an instruction that is none fails this test and no other", TEST_NAMED)
{
	skip_on_host();
	__asm__ volatile("ud2");
}

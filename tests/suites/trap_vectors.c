/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

/*
 * Every exception and interrupt there is, one after another, each taken by the catch around it.
 * Runs only where test= has its full name, for it prints hundreds of reports.
 */

/* For each vector INT n and RET, four bytes apart. */
__asm__("	.pushsection .text\n"
	"interrupts:\n"
	"	.set	interrupt, 0\n"
	"	.rept	256\n"
	"	.byte	0xcd, interrupt, 0xc3, 0xcc\n"
	"	.set	interrupt, interrupt + 1\n"
	"	.endr\n"
	"	.popsection\n");
extern const char interrupts[] __attribute__((visibility("hidden")));
enum { INTERRUPT_BYTES = 4, NR_VECTORS = 256, VECTOR_SS = 12 };

/* With these the CPU pushes an error code, and INT n does not (Intel SDM vol. 3A, 6.13). */
static bool has_error_code(unsigned int vector)
{
	return vector == VECTOR_DF || (vector >= 10 && vector <= VECTOR_PF) || vector == 17 ||
	       vector == 21 || vector == 29 || vector == 30;
}

static void interrupt(uintptr_t vector)
{
	((void (*)(void))(uintptr_t)(interrupts + vector * INTERRUPT_BYTES))();
}

static void divide_by_zero(uintptr_t zero)
{
	__asm__ volatile("divl %0" : : "r"((uint32_t)zero), "a"(1), "d"(0) : "cc");
}

static void execute_undefined(uintptr_t unused)
{
	(void)unused;
	__asm__ volatile("ud2");
}

static void load_selector(uintptr_t selector)
{
	__asm__ volatile("movw %0, %%fs" : : "r"((uint16_t)selector));
}

/* A stack access to an address that is not canonical: #SS (vol. 3A, 6.15); #GP under QEMU's TCG. */
static void read_by_rbp(uintptr_t address)
{
	__asm__ volatile("pushq %%rbp; movq %0, %%rbp; movq (%%rbp), %%rax; popq %%rbp"
			 :
			 : "r"(address)
			 : "rax", "memory");
}

static void write_to(uintptr_t address)
{
	*(volatile uint8_t *)address = 1;
}

/* What came: a vector; or -1, nothing. */
static int caught(void (*function)(uintptr_t argument), uintptr_t argument)
{
	struct fault_catch catch;
	int ended = fault_catch(&catch);

	if (!ended) {
		function(argument);
		fault_catch_end();
	}
	return ended - 1;
}

TEST_FLAGS(trap, vectors, "every vector is reported, and survived where that is possible",
	   TEST_NAMED)
{
	struct fault_stats before, after;
	int stack;

	if (test_on_host())
		test_skip("a process's exceptions are signals");
	fault_get_stats(&before);
	for (unsigned int vector = 0; vector < NR_VECTORS; vector++)
		if (!has_error_code(vector) && vector != VECTOR_NMI && vector != VECTOR_MC)
			expect_equal(caught(interrupt, vector), vector);
	expect_equal(caught(interrupt, VECTOR_NMI), -1);
	expect_equal(caught(divide_by_zero, 0), VECTOR_DE);
	expect_equal(caught(execute_undefined, 0), VECTOR_UD);
	expect_equal(caught(write_to, (uintptr_t)1 << 62), VECTOR_GP);
	expect_equal(caught(load_selector, 0xfff8), VECTOR_GP);
	stack = caught(read_by_rbp, (uintptr_t)1 << 62);
	expect(stack == VECTOR_SS || stack == VECTOR_GP);
	expect_equal(caught(write_to, 0x18), VECTOR_PF);
	fault_get_stats(&after);
	expect_equal(after.nmi - before.nmi, 1);
	expect_equal(after.unexpected - before.unexpected, NR_VECTORS - 12 + 6);
}

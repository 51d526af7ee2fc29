/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "lib/format.h"
#include "map.h"
#include "page_alloc.h"
#include "set_memory.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

static char words[160];

static const char *described(uintptr_t address)
{
	fault_describe(address, words, sizeof(words));
	return words;
}

static bool contains(const char *text, const char *part)
{
	for (; *text; text++)
		if (!strncmp(text, part, strlen(part)))
			return true;
	return false;
}

TEST(fault, null, "reading and writing at NULL, and calling it, is taken and survived")
{
	struct fault_stats before, after;

	fault_get_stats(&before);
	expect_fault_read(NULL);
	expect_fault_write(NULL);
	expect_fault_fetch(NULL);
	expect_fault_read(0x18);
	fault_get_stats(&after);
	expect_equal(after.expected, before.expected + 4);
	expect_equal(after.unexpected, before.unexpected);
}

TEST(fault, not_canonical, "an address that is not canonical is refused by the CPU, and survived")
{
	uintptr_t address = (uintptr_t)1 << 62 | 0x1000;

	expect_fault_read(address);
	expect_fault_write(address);
	expect_fault_fetch(address);
	expect_string(described(address), "not canonical");
}

TEST(fault, none, "an access that is allowed is no fault")
{
	uint64_t word = UINT64_MAX;

	expect(!fault_expect_read((uintptr_t)&word));
	expect_equal(word, UINT64_MAX);
	expect(!fault_expect_write((uintptr_t)&word));
	expect_equal(word, UINT64_MAX - 0xff);
}

/* One page of ours, mapped as asked. */
static struct vm_struct *area;
static struct page *frame;

static uintptr_t map_one(pgprot_t prot)
{
	area = get_vm_area(PAGE_SIZE, VM_MAP);
	frame = alloc_page(GFP_KERNEL);
	require(area && frame);
	*(uint8_t *)page_address(frame) = 0xc3; /* RET */
	require(map_range(&kernel_space, (uintptr_t)area->addr, page_to_phys(frame), PAGE_SIZE,
			  prot, LEVEL_PTE) == 0);
	return (uintptr_t)area->addr;
}

static void unmap_one(void)
{
	vunmap_range((uintptr_t)area->addr, (uintptr_t)area->addr + PAGE_SIZE);
	free_vm_area(area);
	__free_page(frame);
}

TEST_FLAGS(fault, read_only, "a read-only page can be read, and neither written nor executed",
	   TEST_SMOKE)
{
	uintptr_t address = map_one(PAGE_KERNEL_RO);

	expect(!fault_expect_read(address));
	expect_fault_write(address);
	expect_fault_fetch(address);
	unmap_one();
}

TEST(fault, executable, "an executable page can be called, and not written")
{
	uintptr_t address = map_one(PAGE_KERNEL_ROX);

	expect(!fault_expect_fetch(address));
	expect_fault_write(address);
	unmap_one();
}

/* A word at an address that nothing is mapped at: the code reads it after one instruction. */
static void write_reader(uint8_t *code, uintptr_t address)
{
	static const uint8_t load[] = {0x48, 0xb8}; /* MOV RAX, imm64 */
	static const uint8_t read[] = {0x8a, 0x00}; /* MOV AL, [RAX] */

	memcpy(code, load, sizeof(load));
	memcpy(code + 2, &address, sizeof(address));
	memcpy(code + 10, read, sizeof(read));
}

TEST(fault, later, "code that can be called, and faults where it goes on, is no expected fault")
{
	uintptr_t address = map_one(PAGE_KERNEL_ROX);
	struct fault_stats before, after;
	volatile bool landed = true;
	struct fault_catch catch;

	write_reader(page_address(frame), layout.page_offset_end);
	fault_get_stats(&before);
	if (fault_catch(&catch) == 0) {
		fault_expect_fetch(address);
		fault_catch_end();
		landed = false;
	}
	expect(landed);
	fault_get_stats(&after);
	expect_equal(after.expected, before.expected);
	expect_equal(after.unexpected, before.unexpected + 1);
	unmap_one();
}

TEST(fault, data, "a writable page cannot be executed")
{
	uintptr_t address = map_one(PAGE_KERNEL);

	expect(!fault_expect_write(address));
	expect_fault_fetch(address);
	unmap_one();
}

TEST(fault, image, "the image's text cannot be written, its data not executed")
{
	static uint8_t data = 0xc3;

	if (test_on_host())
		test_skip("the image is the process's own");
	expect_fault_write((uintptr_t)fault_handle);
	expect_fault_fetch(&data);
	expect_fault_write((uintptr_t) "a string of .rodata");
}

TEST(fault, describe, "an address is told by its value, or by its region and permissions")
{
	struct leaf leaf;

	expect_string(described(0), "NULL");
	expect_string(described(0x18), "NULL plus 0x18");
	expect_string(described((uintptr_t)-12), "the error number -12 taken for a pointer");
	require(!walk_lookup(&kernel_space, layout.page_offset_end, &leaf));
	expect(contains(described(layout.page_offset_end), "not mapped"));
}

TEST(fault, describe_short, "what does not fit a short buffer is cut")
{
	char little[6] = "......", text[128], whole[128];
	struct page *page = alloc_page(GFP_KERNEL);

	fault_describe(0x18, little, 5);
	expect_string(little, "NULL");
	expect_equal(little[5], '.');
	require(page);
	fault_describe((uintptr_t)page_address(page), whole, sizeof(whole));
	for (size_t size = 1; size < strlen(whole); size++) {
		memset(text, '.', sizeof(text));
		fault_describe((uintptr_t)page_address(page), text, size);
		expect_equal(strlen(text), size - 1);
		expect(!strncmp(text, whole, size - 1));
		expect_equal(text[size], '.');
	}
	__free_page(page);
}

TEST(fault, symbol, "a function's address prints as its name, another one as a number")
{
	symbol_format((uintptr_t)fault_handle + 1, words, sizeof(words));
	if (!test_on_host())
		expect(contains(words, "fault_handle+0x1/"));
	symbol_format(0x18, words, sizeof(words));
	expect_string(words, "0x18");
	symbol_format(layout.vmalloc_start, words, sizeof(words));
	expect(!strncmp(words, "0x", 2));
}

static unsigned int places;

static void count_place(const char *line)
{
	(void)line;
	places++;
}

static unsigned int places_from(uintptr_t frame_pointer)
{
	places = 0;
	log_divert(count_place);
	fault_backtrace((uintptr_t)places_from, frame_pointer);
	log_divert(NULL);
	return places;
}

/* A frame: the caller's frame pointer, and where it goes on. */
TEST(fault, backtrace, "callers are told as long as frames are aligned, mapped, and lie higher")
{
	uintptr_t *stack = vzalloc(PAGE_SIZE), *inner = stack, *outer = stack + 4;
	char *odd = (char *)stack + 1;

	require(stack);
	inner[0] = (uintptr_t)outer;
	inner[1] = outer[1] = (uintptr_t)places_from;
	outer[0] = (uintptr_t)&stack[6];
	expect_equal(places_from((uintptr_t)inner), 3);
	expect_equal(places_from((uintptr_t)outer), 2);
	outer[0] = (uintptr_t)inner;
	expect_equal(places_from((uintptr_t)inner), 2);
	outer[0] = (uintptr_t)outer;
	expect_equal(places_from((uintptr_t)inner), 2);
	inner[1] = 0;
	expect_equal(places_from((uintptr_t)inner), 1);
	expect_equal(places_from(PAGE_SIZE), 1);
	memcpy(odd, (uintptr_t[]){(uintptr_t)outer, (uintptr_t)places_from}, 2 * sizeof(*stack));
	expect_equal(places_from((uintptr_t)odd), 1);
	vfree(stack);
}

TEST(fault, backtrace_edge, "a frame that reaches into a page that is not mapped is none")
{
	char *stack = vmalloc(3 * PAGE_SIZE);

	require(stack);
	for (unsigned int i = 1; i <= 2; i++) { /* an even page, and an odd one */
		char *edge = stack + i * PAGE_SIZE;
		uintptr_t *frame_pointer = (uintptr_t *)edge - 1;

		frame_pointer[0] = (uintptr_t)stack + 3 * PAGE_SIZE;
		frame_pointer[1] = (uintptr_t)places_from;
		expect_equal(places_from((uintptr_t)frame_pointer), 2);
		expect_equal(set_memory_np((uintptr_t)edge, 1), 0);
		expect_equal(places_from((uintptr_t)frame_pointer), 1);
		expect_equal(set_memory_p((uintptr_t)edge, 1), 0);
	}
	vfree(stack);
}

TEST(fault, handler, "a test does not run in a handler")
{
	expect(!fault_in_handler());
}

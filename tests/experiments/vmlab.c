/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmlab.h"

/* What experiments have beyond any test: things to play with. See measure.c and option.c too. */

enum toy_kind { TOY_FRAMES, TOY_MEMORY, TOY_ROOM, TOY_SPACE };

/* One thing that the running experiment was given. */
struct toy {
	struct toy *next;
	enum toy_kind kind;
	unsigned int order;
	union {
		struct page *frames;
		void *memory;
		struct vm_struct *room;
		struct space space;
	};
};

static struct toy *toys; /* the youngest first */

static void clear_room(struct vm_struct *room)
{
	uintptr_t start = (uintptr_t)room->addr, end = start + get_vm_area_size(room);

	unmap_range(&kernel_space, start, end - start);
	tlb_flush_range(start, end);
	reclaim_tables(&kernel_space, start, end);
	free_vm_area(room);
}

static void clear_space(struct space *space)
{
	uintptr_t start = space_user_start(space), end = space_user_end(space);

	if (space_current() == space)
		space_switch(&kernel_space);
	unmap_range(space, start, end - start);
	tlb_flush_all();
	reclaim_tables(space, start, end);
	expect_equal(space_destroy(space), 0);
}

static void take_back(struct toy *toy)
{
	switch (toy->kind) {
	case TOY_FRAMES:
		__free_pages(toy->frames, toy->order);
		break;
	case TOY_MEMORY:
		kvfree(toy->memory);
		break;
	case TOY_ROOM:
		clear_room(toy->room);
		break;
	case TOY_SPACE:
		clear_space(&toy->space);
		break;
	}
	kfree(toy);
}

/* Rooms and spaces before the frames that they may lead to: the youngest first is not enough, since
 * frames may have been asked for later. */
static void take_back_all(void *unused)
{
	struct toy *frames = NULL;

	(void)unused;
	while (toys) {
		struct toy *toy = toys;

		toys = toy->next;
		if (toy->kind == TOY_FRAMES) {
			toy->next = frames;
			frames = toy;
		} else {
			take_back(toy);
		}
	}
	while (frames) {
		struct toy *toy = frames;

		frames = toy->next;
		take_back(toy);
	}
}

void experiment_begin(void)
{
	static struct test_end end = {.function = take_back_all};

	/* That it leaves nothing behind is looked at in any case. */
	test_expect(true, "", __FILE__, __LINE__);
	test_at_end(&end);
}

static struct toy *new_toy(enum toy_kind kind)
{
	struct toy *toy = kzalloc(sizeof(*toy), GFP_KERNEL);

	require(toy);
	toy->kind = kind;
	return toy;
}

static void keep(struct toy *toy, bool had)
{
	if (!had)
		kfree(toy);
	require(had);
	toy->next = toys;
	toys = toy;
}

struct page *play_frames(unsigned int order)
{
	struct toy *toy = new_toy(TOY_FRAMES);

	toy->order = order;
	toy->frames = alloc_pages(GFP_KERNEL, order);
	keep(toy, toy->frames);
	return toy->frames;
}

void *play_memory(size_t bytes)
{
	struct toy *toy = new_toy(TOY_MEMORY);

	toy->memory = kvzalloc(bytes, GFP_KERNEL);
	keep(toy, toy->memory);
	return toy->memory;
}

uintptr_t play_room(size_t nr_pages, size_t align)
{
	struct toy *toy = new_toy(TOY_ROOM);
	size_t spare = align > PAGE_SIZE ? align - PAGE_SIZE : 0;

	toy->room = get_vm_area(nr_pages * PAGE_SIZE + spare, VM_MAP);
	keep(toy, toy->room);
	return ((uintptr_t)toy->room->addr + spare) & ~(spare + PAGE_SIZE - 1);
}

struct space *play_space(void)
{
	struct toy *toy = new_toy(TOY_SPACE);

	keep(toy, !space_create(&toy->space));
	return &toy->space;
}

const char *no_real_tlb(void)
{
	static const char tcg[12] = "TCGTCGTCGTCG";
	uint32_t eax = 0x40000000, ecx = 0, signature[3];

	if (test_on_host())
		return "the MMU of the host build is simulated";
	if (!platform_cpu_features()->hypervisor)
		return NULL;
	__asm__("cpuid"
		: "+a"(eax), "=b"(signature[0]), "+c"(ecx), "=d"(signature[2])
		:
		: "memory");
	signature[1] = ecx;
	return memcmp(signature, tcg, sizeof(tcg)) ? NULL
						   : "an emulator has no TLB worth measuring";
}

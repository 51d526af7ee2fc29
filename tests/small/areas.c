/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "small.h"
#include "test.h"
#include "vmap_area.h"

/*
 * Areas in a window of PAGES pages of the vmalloc region: eight for bodies and a guard in front,
 * with a neighbour on either side. A state is which areas there are, with a guard behind or
 * without. From each state every request is made (size, alignment, range, policy, guard), every
 * area is freed, grown, cut and looked up.
 *
 * A state's number has two bits a page: what that page is.
 */
enum { PAGES = 9, ALIGN_MAX = 8, STATES_MAX = 2048 };
enum page_use { FREE, FRONT_GUARDED, FRONT_BARE, BODY };

static uint32_t found[STATES_MAX];
static uint64_t seen[((uint64_t)1 << (2 * PAGES)) / 64];
static struct search search;
static uintptr_t base;
static struct area *areas_now[PAGES], *neighbours[2];

static enum page_use use_of(uint32_t state, unsigned int page)
{
	return (enum page_use)(state >> (2 * page) & 3);
}

static bool is_front(uint32_t state, unsigned int page)
{
	return page < PAGES &&
	       (use_of(state, page) == FRONT_GUARDED || use_of(state, page) == FRONT_BARE);
}

/* The first page behind the body of the area whose front guard is `front`. */
static unsigned int body_end(uint32_t state, unsigned int front)
{
	unsigned int page = front + 1;

	while (page < PAGES && use_of(state, page) == BODY)
		page++;
	return page;
}

static uint32_t with_area(uint32_t state, unsigned int front, unsigned int end, bool bare)
{
	for (unsigned int page = front; page < end; page++) {
		state &= ~((uint32_t)3 << (2 * page));
		state |= (uint32_t)BODY << (2 * page);
	}
	state &= ~((uint32_t)3 << (2 * front));
	return state | (uint32_t)(bare ? FRONT_BARE : FRONT_GUARDED) << (2 * front);
}

static uint32_t without(uint32_t state, unsigned int start, unsigned int end)
{
	for (unsigned int page = start; page < end; page++)
		state &= ~((uint32_t)3 << (2 * page));
	return state;
}

static uint32_t free_pages_of(uint32_t state)
{
	uint32_t bits = 0;

	for (unsigned int page = 0; page < PAGES; page++)
		if (use_of(state, page) == FREE)
			bits |= (uint32_t)1 << page;
	return bits;
}

static void note_state(uint32_t state)
{
	if (!set_add(seen, state))
		return;
	require(search.states < STATES_MAX);
	found[search.states++] = state;
}

static uintptr_t at(unsigned int page)
{
	return base + page * PAGE_SIZE;
}

static struct vmap_request request_for(unsigned int nr_pages, unsigned int start, unsigned int end,
				       bool bare)
{
	return (struct vmap_request){.nr_pages = nr_pages,
				     .align = PAGE_SIZE,
				     .start = at(start),
				     .end = at(end),
				     .place = PLACE_LOWEST,
				     .no_guard = bare,
				     .by_hand = true,
				     .gfp = GFP_NOWAIT};
}

/* An area whose front guard is page `front`; pages below 0 are the neighbour's. */
static struct area *make(unsigned int front, unsigned int end, bool bare)
{
	struct vmap_request request = request_for(end - front - 1, front, end + !bare, bare);
	struct area *area = vmap_area_alloc(&request);

	require(area);
	require_equal(area->va.va_start, at(front + 1));
	vmap_area_publish(area);
	return area;
}

static void unmake(struct area *area)
{
	expect(vmap_area_claim(area));
	vmap_area_free_unused(area);
}

static void build(uint32_t state)
{
	for (unsigned int page = 0; page < PAGES; page++)
		areas_now[page] = is_front(state, page) ? make(page, body_end(state, page),
							       use_of(state, page) == FRONT_BARE)
							: NULL;
}

static void demolish(void)
{
	for (unsigned int page = 0; page < PAGES; page++)
		if (areas_now[page])
			unmake(areas_now[page]);
}

/* Bodies that may begin at a page: bits, and which of them each policy wants. */
struct answer {
	uint32_t bodies;
	unsigned int lowest, top, best;
};

static unsigned int block_length(uint32_t free, unsigned int page)
{
	unsigned int first = page, end = page;

	while (first > 0 && (free >> (first - 1) & 1))
		first--;
	while (free >> end & 1)
		end++;
	return end - first;
}

static void answer_from(uint32_t free, const struct vmap_request *request, struct answer *answer)
{
	unsigned int nr = (unsigned int)request->nr_pages, best = PAGES + 1, block;
	unsigned int start = (unsigned int)((request->start - base) >> PAGE_SHIFT);
	unsigned int end = (unsigned int)((request->end - base) >> PAGE_SHIFT);

	*answer = (struct answer){0};
	for (unsigned int body = start + 1; body + nr + !request->no_guard <= end; body++) {
		uint32_t slot = pages_of(body - 1, body + nr);

		if ((free & slot) != slot || (at(body) + request->skew) % request->align)
			continue;
		if (!answer->bodies)
			answer->lowest = body;
		answer->top = body;
		answer->bodies |= (uint32_t)1 << body;
		block = block_length(free, body);
		if (block < best)
			answer->best = body;
		best = block < best ? block : best;
	}
}

static void check_place(const struct vmap_request *request, const struct answer *answer,
			unsigned int body)
{
	if (request->place == PLACE_RANDOM)
		expect(body <= PAGES && answer->bodies >> body & 1);
	else
		expect_equal(body, request->place == PLACE_TOP	  ? answer->top
				   : request->place == PLACE_BEST ? answer->best
								  : answer->lowest);
}

static void ask(uint32_t state, const struct vmap_request *request, const struct answer *answer)
{
	struct area *area = vmap_area_alloc(request);
	unsigned int body, end;

	search.calls++;
	expect_equal(area != NULL, answer->bodies != 0);
	if (!area)
		return;
	body = (unsigned int)((area->va.va_start - base) >> PAGE_SHIFT);
	end = body + (unsigned int)request->nr_pages;
	check_place(request, answer, body);
	expect_equal(area->vm.addr, at(body));
	expect_equal(area->vm.size, (request->nr_pages + !request->no_guard) * PAGE_SIZE);
	note_state(with_area(state, body - 1, end, request->no_guard));
	vmap_area_free_unused(area);
}

static void ask_all(uint32_t state, unsigned int start, unsigned int end, bool bare)
{
	uint32_t free = free_pages_of(state);
	struct answer answer;

	for (unsigned int nr = 1; nr < PAGES; nr++)
		for (unsigned int align = 1; align <= ALIGN_MAX; align *= 2)
			for (unsigned int skew = 0; skew <= 1; skew++) {
				struct vmap_request request = request_for(nr, start, end, bare);

				request.align = align * PAGE_SIZE;
				request.skew = skew * PAGE_SIZE;
				answer_from(free, &request, &answer);
				expect_equal(vmap_area_slots(&request),
					     __builtin_popcount(answer.bodies));
				for (unsigned int place = PLACE_LOWEST; place < NR_PLACES;
				     place++) {
					request.place = place;
					ask(state, &request, &answer);
				}
			}
}

/* The areas by their address: the last that begins at or below it, with the guard behind. */
static void look_up(uint32_t state)
{
	struct area *last = NULL, *pinned;

	for (unsigned int page = 0; page < PAGES; page++) {
		if (page > 0 && areas_now[page - 1])
			last = areas_now[page - 1];
		pinned = vmap_area_pin(at(page));
		expect_equal(pinned, last && at(page) < last->va.va_end ? last : NULL);
		if (pinned)
			vmap_area_unpin(pinned);
		expect_equal(vmap_area_starting(at(page)),
			     page > 0 && is_front(state, page - 1) ? areas_now[page - 1] : NULL);
		pinned = vmap_area_pin_next(at(page));
		for (unsigned int next = page; next < PAGES && pinned != neighbours[1]; next++)
			if (areas_now[next]) {
				expect_equal(pinned, areas_now[next]);
				break;
			}
		expect(pinned);
		if (pinned)
			vmap_area_unpin(pinned);
		search.calls += 3;
	}
}

static void grow(uint32_t state, unsigned int front, unsigned int more)
{
	unsigned int end = body_end(state, front);
	uint32_t wanted = pages_of(end, end + more);
	bool fits = end + more <= PAGES && (free_pages_of(state) & wanted) == wanted;
	struct area *area = areas_now[front];
	uintptr_t va_end = area->va.va_end;

	expect(vmap_area_claim(area));
	expect_equal(vmap_area_grow(area, more), fits);
	expect_equal(area->va.va_end, va_end + fits * more * PAGE_SIZE);
	expect_equal(area->vm.size, area->va.va_end - area->va.va_start);
	expect(!vmap_area_check());
	vmap_area_publish(area);
	if (fits)
		note_state(with_area(state, front, end + more, use_of(state, front) == FRONT_BARE));
	search.calls++;
}

static void cut(uint32_t state, unsigned int front, unsigned int kept)
{
	unsigned int end = body_end(state, front);
	struct area *area = areas_now[front], *tail = vmap_area_node(GFP_NOWAIT);

	require(tail);
	expect(vmap_area_claim(area));
	vmap_area_cut(area, kept, tail);
	expect(!vmap_area_check());
	expect_equal(area_body_pages(&area->va), kept);
	expect_equal(tail->va.va_start, at(front + 1 + kept));
	expect_equal(area_body_end(&tail->va), at(end));
	vmap_area_free_unused(tail);
	expect(!vmap_area_check());
	vmap_area_publish(area);
	note_state(without(state, front + 1 + kept, end));
	search.calls++;
}

/* Each change is made to a state built for it. */
static void change_all(uint32_t state, unsigned int front)
{
	unsigned int nr = body_end(state, front) - front - 1;

	for (unsigned int more = 1; more <= PAGES; more++) {
		build(state);
		grow(state, front, more);
		demolish();
	}
	for (unsigned int kept = 1; kept < nr; kept++) {
		build(state);
		cut(state, front, kept);
		demolish();
	}
	build(state);
	unmake(areas_now[front]);
	areas_now[front] = NULL;
	expect(!vmap_area_check());
	note_state(without(state, front, front + 1 + nr));
	demolish();
	search.calls++;
}

static void search_from(uint32_t state)
{
	build(state);
	expect(!vmap_area_check());
	look_up(state);
	for (unsigned int start = 0; start <= PAGES; start++)
		for (unsigned int end = start + 1; end <= PAGES + 1; end++) {
			ask_all(state, start, end, false);
			ask_all(state, start, end, true);
		}
	demolish();
	for (unsigned int front = 0; front < PAGES; front++)
		if (is_front(state, front))
			change_all(state, front);
	search.searched++;
}

/* Rows of free pages and of areas of at least two pages, in two kinds. */
static uint64_t states_expected(unsigned int pages)
{
	uint64_t sum;

	if (pages == 0)
		return 1;
	sum = states_expected(pages - 1);
	for (unsigned int area = 2; area <= pages; area++)
		sum += 2 * states_expected(pages - area);
	return sum;
}

TEST_FLAGS(small, areas, "areas: every state of eight pages and a guard, every call", TEST_NAMED)
{
	base = VMALLOC_START + ((VMALLOC_END - VMALLOC_START) / 2 & ~(PUD_SIZE - 1));
	base -= 2 * PAGE_SIZE;
	neighbours[0] = make(0, 2, true);
	base += 2 * PAGE_SIZE;
	neighbours[1] = make(PAGES, PAGES + 2, false);
	note_state(0);
	for (uint64_t i = 0; i < search.states; i++) {
		search_from(found[i]);
		test_relax();
	}
	unmake(neighbours[1]);
	unmake(neighbours[0]);
	small_report(&search, states_expected(PAGES));
}

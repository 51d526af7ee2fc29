/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout_entropy.h"
#include <stdbool.h>

/*
 * An arrangement is one of 3! orders and one of C(S + 3, 3) ascending triples of offsets in [0, S]
 * (layout.c). How many of the triples have their first, second or third offset at most v is a
 * polynomial; six times that is free of fractions. From it come, as differences, the arrangements
 * that put a region in a stretch of places, and the largest such number over all stretches. Numbers
 * reach 2^110 with 5 levels.
 */
typedef __int128 wide_t;

struct draw {
	wide_t slack, min_gap; /* in steps */
	wide_t sizes[3];
	unsigned int which;
};

static wide_t six_choose_three(wide_t n)
{
	return n * (n - 1) * (n - 2);
}

/* Six times the number of ascending triples in [0, slack] whose offset number `rank` is <= v. */
static wide_t triples_up_to(wide_t slack, unsigned int rank, wide_t v)
{
	if (v < 0)
		return 0;
	if (v >= slack)
		return six_choose_three(slack + 3);
	if (rank == 0)
		return six_choose_three(slack + 3) - six_choose_three(slack - v + 2);
	if (rank == 1)
		return six_choose_three(v + 3) + 3 * (v + 2) * (v + 1) * (slack - v);
	return six_choose_three(v + 3);
}

/* The two other regions. */
static void others_of(const struct draw *draw, wide_t others[2])
{
	others[0] = draw->sizes[draw->which == 0 ? 1 : 0] + draw->min_gap;
	others[1] = draw->sizes[draw->which == 2 ? 1 : 2] + draw->min_gap;
}

/* Six times the number of arrangements that have the region start at `place` at most. */
static wide_t arrangements_up_to(const struct draw *draw, wide_t place)
{
	wide_t others[2];

	others_of(draw, others);
	return 2 * triples_up_to(draw->slack, 0, place) +
	       triples_up_to(draw->slack, 1, place - others[0]) +
	       triples_up_to(draw->slack, 1, place - others[1]) +
	       2 * triples_up_to(draw->slack, 2, place - others[0] - others[1]);
}

/* Those that have it in the `stride` places that round up to place number `index`. */
static wide_t weight(const struct draw *draw, wide_t index, wide_t stride)
{
	return arrangements_up_to(draw, index * stride) -
	       arrangements_up_to(draw, (index - 1) * stride);
}

/*
 * Where the number of arrangements that put the region at a place changes its law. It is the sum of
 * four terms, one for the regions in front being none, one of two, the other, or both; each begins
 * at one of these places and ends at another. Between two of them the sum rises, falls or is level,
 * or it consists of one or two of the middle terms alone, which never reach what it is at place 0.
 * So the largest is at one of them.
 */
enum { NR_ENDS = 8 };
static void piece_ends(const struct draw *draw, wide_t ends[NR_ENDS])
{
	wide_t others[2];

	others_of(draw, others);
	ends[0] = 0;
	ends[1] = others[0];
	ends[2] = others[1];
	ends[3] = others[0] + others[1];
	for (unsigned int i = 0; i < 4; i++)
		ends[4 + i] = ends[i] + draw->slack;
}

static wide_t largest_weight(const struct draw *draw, unsigned int shift)
{
	wide_t ends[NR_ENDS], largest = 0, stride = (wide_t)1 << shift;

	piece_ends(draw, ends);
	for (unsigned int i = 0; i < NR_ENDS; i++) {
		wide_t middle = ends[i] >> shift;

		/* the stretch that lies across an end, and those beside it */
		for (wide_t index = middle - 1; index <= middle + 2; index++) {
			wide_t here = weight(draw, index, stride);

			largest = here > largest ? here : largest;
		}
	}
	return largest;
}

/*
 * The fraction bit by bit: squaring a number in [1, 2) doubles its logarithm, and a result of 2 or
 * more says that the next bit is set.
 */
uint64_t log2_fixed(unsigned __int128 value)
{
	uint64_t result = 0, mantissa;
	unsigned int whole = 0;

	while (value >> whole > 1)
		whole++;
	mantissa = (uint64_t)(whole >= 63 ? value >> (whole - 63) : value << (63 - whole));
	for (unsigned int i = 0; i < 32; i++) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;
		bool two = square >> 127;

		mantissa = (uint64_t)(square >> (two ? 64 : 63));
		result = result << 1 | two;
	}
	return (uint64_t)whole << 32 | result;
}

static unsigned int to_millibits(uint64_t fixed)
{
	return (unsigned int)((fixed * 125 + (UINT64_C(1) << 28)) >> 29);
}

unsigned int layout_draw_millibits(const struct region regions[3], unsigned int which,
				   const struct window *window, uint64_t align)
{
	struct draw draw = {.which = which, .min_gap = window->min_gap / window->step};
	unsigned int shift = (unsigned int)__builtin_ctzll(align / window->step);
	uint64_t all, likeliest;

	draw.slack = (wide_t)((window->end - window->start) / window->step) - 2 * draw.min_gap;
	for (unsigned int i = 0; i < 3; i++) {
		draw.sizes[i] = regions[i].size / window->step;
		draw.slack -= draw.sizes[i];
	}
	all = log2_fixed((unsigned __int128)(6 * six_choose_three(draw.slack + 3)));
	likeliest = log2_fixed((unsigned __int128)largest_weight(&draw, shift));
	return to_millibits(all - likeliest);
}

/*
 * Each region in turn gets an offset that is uniform up to an equal share of what is left. The
 * first base has slack/3 places. The second lies anywhere in the middle with the sum over all first
 * offsets a of 1/(slack/3) * 1/((slack - a)/2), which is 6/slack * ln(3/2). The third, near the
 * end, has ln(2) of that again: the sum over the second offset.
 */
void layout_linux_millibits(uint64_t slack, unsigned int millibits[3])
{
	/* log2 of 6 ln(3/2) and of 6 ln(3/2) ln(2), in units of 2^-32 */
	const uint64_t second = UINT64_C(5508777349), third = UINT64_C(3237743070);
	uint64_t places = log2_fixed(slack >> 30), three = log2_fixed(3);

	millibits[0] = to_millibits(places > three ? places - three : 0);
	millibits[1] = to_millibits(places > second ? places - second : 0);
	millibits[2] = to_millibits(places > third ? places - third : 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "small.h"
#include "host_log.h"
#include "test.h"

unsigned int small_hush(bool on)
{
	return host_log_hush(on);
}

void small_report(const struct search *search, uint64_t states_expected)
{
	test_report("states", (int64_t)search->states, "states");
	test_report("calls", (int64_t)search->calls, "calls");
	expect_equal(search->states, states_expected);
	expect_equal(search->searched, search->states);
}

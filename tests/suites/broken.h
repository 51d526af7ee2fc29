/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "test.h"

/* Structures that are broken in one place by hand, so that their checks have something to find. */

static inline const char *said(const char *problem)
{
	return problem ? problem : "nothing is wrong";
}

/* While `place` is `value`, `check` says `text`; and nothing afterwards. */
#define expect_broken(check, place, value, text)                                                   \
	do {                                                                                       \
		__typeof__(place) before = (place);                                                \
		(place) = (value);                                                                 \
		expect_string(said(check), text);                                                  \
		(place) = before;                                                                  \
		expect_string(said(check), "nothing is wrong");                                    \
	} while (0)

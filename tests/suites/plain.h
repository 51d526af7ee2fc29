/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "test.h"
#include "vmap_area.h"

/* For tests that count pages between areas, or flushes: the default settings, whatever the run's.
 */

static void restore_settings(void *context)
{
	const struct vmap_area_options *saved = context;

	vmap_area_set_guard(saved->guard);
	vmap_area_set_quarantine(saved->quarantine);
	vmap_area_set_lazy_max(saved->lazy_max);
	vmap_area_set_cache(!saved->no_cache);
}

static inline void plain_settings(void)
{
	static struct vmap_area_options saved;
	static struct test_end end = {.function = restore_settings, .context = &saved};

	vmap_area_get_options(&saved);
	vmap_area_set_guard(1);
	vmap_area_set_quarantine(0);
	vmap_area_set_lazy_max(8192);
	vmap_area_set_cache(true);
	test_at_end(&end);
}

#define PLAIN_TEST(module, name, sentence)                                                         \
	static void plain_##module##_##name(struct test *test);                                    \
	TEST(module, name, sentence)                                                               \
	{                                                                                          \
		plain_settings();                                                                  \
		plain_##module##_##name(test);                                                     \
	}                                                                                          \
	static void plain_##module##_##name(struct test *test __attribute__((unused)))

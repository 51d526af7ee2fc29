/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* What is left behind the runner counts: there is nothing to be told. */
#define kmemleak_alloc(pointer, size, count, gfp) ((void)(pointer))
#define kmemleak_not_leak(pointer) ((void)(pointer))
#define kmemleak_ignore(pointer) ((void)(pointer))
#define kmemleak_free(pointer) ((void)(pointer))

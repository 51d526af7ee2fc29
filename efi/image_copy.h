/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * The image's data as it was before anything was done with it: to start again in the same boot, all
 * of it is put back. The copy is described on the firmware's stack, since everything else goes.
 * Gate open.
 */
struct image_copy {
	void *bytes; /* NULL: there was no memory */
	size_t nr_pages;
};

/* After firmware_init(), before anything else. */
void image_keep(struct image_copy *copy);
/* False: there is no copy. */
bool image_restore(const struct image_copy *copy);
void image_forget(struct image_copy *copy);

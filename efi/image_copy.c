/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_copy.h"
#include "firmware.h"
#include "levels.h"
#include "lib/string.h"

/* From efi/vmlab.lds: whole pages. What is read-only after relocation lies before them. */
extern char image_data_start[] __attribute__((visibility("hidden")));
extern char image_data_end[] __attribute__((visibility("hidden")));

void image_keep(struct image_copy *copy)
{
	size_t bytes = (size_t)(image_data_end - image_data_start);

	copy->nr_pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	copy->bytes = firmware_pages(copy->nr_pages);
	if (copy->bytes)
		memcpy(copy->bytes, image_data_start, bytes);
}

bool image_restore(const struct image_copy *copy)
{
	if (copy->bytes)
		memcpy(image_data_start, copy->bytes, (size_t)(image_data_end - image_data_start));
	return copy->bytes != NULL;
}

void image_forget(struct image_copy *copy)
{
	if (copy->bytes)
		firmware_free_pages(copy->bytes, copy->nr_pages);
	copy->bytes = NULL;
}

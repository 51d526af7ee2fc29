/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"
#include "lib/assert.h"
#include "lib/format.h"

#define HIDDEN __attribute__((visibility("hidden")))
extern const char ImageBase[] HIDDEN;
extern const char image_text_start[] HIDDEN, image_text_end[] HIDDEN;
extern const char image_rodata_start[] HIDDEN, image_rodata_end[] HIDDEN;
extern const char image_relro_start[] HIDDEN, image_relro_end[] HIDDEN;
extern const char image_data_start[] HIDDEN, image_data_end[] HIDDEN;

enum { NR_SECTIONS = 4, ADDED_MAX = 2 };

static struct image_section added[ADDED_MAX];
static size_t nr_added;

uintptr_t image_base(void)
{
	return (uintptr_t)ImageBase;
}

/* Firmware loads an image at an address that is its physical one (UEFI 2.3.4). */
static struct image_section section(const char *name, const char *start, const char *end,
				    pgprot_t prot)
{
	uintptr_t first = (uintptr_t)start, last = (uintptr_t)end;

	return (struct image_section){.name = name,
				      .start = first,
				      .end = (last + PAGE_SIZE - 1) & PAGE_MASK,
				      .phys = first,
				      .prot = prot};
}

void image_add_pages(const char *name, phys_addr_t start, size_t nr, pgprot_t prot)
{
	ASSERT(nr_added < ADDED_MAX, "%s", name);
	added[nr_added++] = (struct image_section){.name = name,
						   .start = start,
						   .end = start + nr * PAGE_SIZE,
						   .phys = start,
						   .prot = prot};
}

const struct image_section *image_sections(size_t *nr)
{
	static struct image_section sections[NR_SECTIONS + ADDED_MAX];

	sections[0] = section("image text", image_text_start, image_text_end, PAGE_KERNEL_ROX);
	sections[1] = section("image rodata", image_rodata_start, image_rodata_end, PAGE_KERNEL_RO);
	sections[2] = section("image relro", image_relro_start, image_relro_end, PAGE_KERNEL_RO);
	sections[3] = section("image data", image_data_start, image_data_end, PAGE_KERNEL);
	for (size_t i = 0; i < nr_added; i++)
		sections[NR_SECTIONS + i] = added[i];
	*nr = NR_SECTIONS + nr_added;
	return sections;
}

static const char *prot_words(pgprot_t prot)
{
	if (prot.pgprot & _PAGE_RW)
		return "no-execute";
	return prot.pgprot & _PAGE_NX ? "read-only, no-execute" : "read-only";
}

bool image_describe(uintptr_t address, char *buffer, size_t size)
{
	size_t nr;
	const struct image_section *sections = image_sections(&nr);

	for (size_t i = 0; i < nr; i++) {
		if (address < sections[i].start || address >= sections[i].end)
			continue;
		scnprintf(buffer, size, "%s, %s", sections[i].name, prot_words(sections[i].prot));
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "space.h"

/*
 * The image as it was loaded: its sections with the permissions that our tables give them. Bounds
 * come from the linker script.
 */

uintptr_t image_base(void);
/* More pages that both worlds see at their physical address. `name` stays. */
void image_add_pages(const char *name, phys_addr_t start, size_t nr, pgprot_t prot);
/* The sections that both worlds see; nothing writable and executable among them. */
const struct image_section *image_sections(size_t *nr);
/* A fault_describer_t (fault.h): "image text, read-only". */
bool image_describe(uintptr_t address, char *buffer, size_t size);

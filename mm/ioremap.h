/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "platform.h"

/*
 * Device memory seen through the vmalloc region. The offset within the page is kept; leaves are as
 * large as fit within one MTRR type. Refused, with a line: RAM (ours, and what the firmware's map
 * calls RAM), size 0, what wraps around or lies beyond what the CPU addresses, and a range that is
 * mapped with another memory type already.
 */

void *ioremap(phys_addr_t phys, size_t size);	 /* UC-, as Linux */
void *ioremap_uc(phys_addr_t phys, size_t size); /* UC */
void *ioremap_wc(phys_addr_t phys, size_t size);
void *ioremap_wt(phys_addr_t phys, size_t size);
void *ioremap_cache(phys_addr_t phys, size_t size); /* WB */
/* The address that one of these gave; interior ones of its first page too. */
void iounmap(const void *addr);

#define MEMREMAP_WB 1ul
#define MEMREMAP_WT 2ul
#define MEMREMAP_WC 4ul
/* One of the flags. With MEMREMAP_WB also memory that the firmware reserved (ACPI's tables). */
void *memremap(phys_addr_t phys, size_t size, unsigned long flags);
void memunmap(void *addr);

/* What the firmware's map says is memory; sorted, disjoint, stays where it is. Before it is told,
 * only our own frames are known as RAM. */
enum firmware_ram { FIRMWARE_RAM, FIRMWARE_RESERVED };
struct firmware_range {
	phys_addr_t start, end; /* bytes */
	enum firmware_ram kind;
};
void ioremap_set_ram(const struct firmware_range *ranges, size_t nr);
const struct firmware_range *ioremap_ram(size_t *nr);
/* The end of the highest RAM, ours and the firmware's: what lies above may be a device's. */
phys_addr_t ioremap_ram_end(void);

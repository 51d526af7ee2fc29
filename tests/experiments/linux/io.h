/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <ioremap.h>
#include <linux/mm.h>

/* Device memory: ioremap() and its family are mm/'s; each access is one load or store. */

#define LINUX_IO(letter, type)                                                                     \
	static inline type read##letter(const volatile void __iomem *address)                      \
	{                                                                                          \
		return *(const volatile type *)address;                                            \
	}                                                                                          \
	static inline void write##letter(type value, volatile void __iomem *address)               \
	{                                                                                          \
		*(volatile type *)address = value;                                                 \
	}

LINUX_IO(b, u8)
LINUX_IO(w, u16)
LINUX_IO(l, u32)
LINUX_IO(q, u64)

#define readb_relaxed readb
#define readw_relaxed readw
#define readl_relaxed readl
#define readq_relaxed readq
#define writeb_relaxed writeb
#define writew_relaxed writew
#define writel_relaxed writel
#define writeq_relaxed writeq
#define ioread8 readb
#define ioread16 readw
#define ioread32 readl
#define ioread64 readq
#define iowrite8 writeb
#define iowrite16 writew
#define iowrite32 writel
#define iowrite64 writeq

/* Byte by byte: a device may mind how wide an access is, and none minds this. */
static inline void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((u8 *)to)[i] = readb((const volatile u8 *)from + i);
}

static inline void memcpy_toio(volatile void __iomem *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		writeb(((const u8 *)from)[i], (volatile u8 *)to + i);
}

static inline void memset_io(volatile void __iomem *to, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		writeb((u8)byte, (volatile u8 *)to + i);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame_buffer.h"
#include "image.h"
#include "ioremap.h"
#include "levels.h"
#include "machine.h"
#include "platform.h"
#include "test.h"

/* Devices that every PC has, through ioremap(); and the firmware's memory, which is none. */

enum { MSR_APIC_BASE = 0x1b, APIC_ENABLED = 1 << 11, APIC_X2 = 1 << 10 };
enum { LAPIC_ID = 0x20, LAPIC_VERSION = 0x30 };

TEST(devices, lapic, "the local APIC is mapped, and says its version")
{
	uint64_t apic = platform_read_msr(MSR_APIC_BASE);
	volatile uint32_t *registers;
	uint32_t version;

	if (!(apic & APIC_ENABLED) || apic & APIC_X2)
		test_skip("this processor's APIC has no registers in memory");
	registers = ioremap(apic & PAGE_MASK & ~((uint64_t)0xfff << 52), PAGE_SIZE);
	require(registers);
	version = registers[LAPIC_VERSION / 4] & 0xff;
	expect(version >= 0x10 && version <= 0x15); /* Intel SDM vol. 3A, 11.4.8 */
	iounmap((void *)registers);
}

/* IA-PC HPET 1.0a, 2.3.4: the upper half of the first register is the period, at most 100 ns. */
TEST(devices, hpet, "the event timer is mapped, and says its period")
{
	volatile uint32_t *registers;

	if (!machine_is_qemu())
		test_skip("where the event timer lies is known under QEMU alone");
	registers = ioremap(0xfed00000, PAGE_SIZE);
	require(registers);
	expect_equal(registers[0] >> 16, 0x8086);
	expect(registers[1] > 0);
	expect_below(registers[1], 100000001);
	iounmap((void *)registers);
}

TEST(devices, flash, "the flash is mapped, and a jump stands where processors start")
{
	const volatile uint8_t *last = ioremap(0xffffff00, 0x100);
	bool jump = false;

	require(last);
	for (unsigned int i = 0xf0; i < 0x100; i++) /* Intel SDM vol. 3A, 10.1.4 */
		jump |= last[i] == 0xe9 || last[i] == 0xeb || last[i] == 0xea;
	expect(jump);
	iounmap((void *)last);
}

TEST(devices, frame_buffer, "a pixel that is written through one mapping is read through another")
{
	size_t size;
	phys_addr_t phys = frame_buffer(&size);
	volatile uint32_t *pixels, *again;
	uint32_t before;

	if (!size)
		test_skip("this machine has no frame buffer");
	pixels = ioremap_wc(phys, size);
	again = ioremap_wc(phys, sizeof(*again));
	require(pixels && again);
	before = pixels[0];
	pixels[0] = before ^ 0xffffff;
	expect_equal(again[0] & 0xffffff, (before ^ 0xffffff) & 0xffffff);
	pixels[0] = before;
	iounmap((void *)pixels);
	iounmap((void *)again);
}

TEST(devices, image, "our image is memory of the firmware's, and neither call maps it")
{
	expect(!ioremap(image_base(), PAGE_SIZE));
	expect(!memremap(image_base(), PAGE_SIZE, MEMREMAP_WB));
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu_features.h"
#include "instructions.h"
#include "lib/format.h"
#include "lib/string.h"
#include "registers.h"

static struct cpu_features features;
static unsigned int firmware_levels;

const struct cpu_features *platform_cpu_features(void)
{
	return &features;
}

/* A leaf, or zeros where the processor does not have it (it would answer with another leaf). */
static struct cpuid leaf_or_zero(uint32_t leaf)
{
	uint32_t highest = cpuid(leaf & 0xf0000000, 0).eax;

	return leaf <= highest ? cpuid(leaf, 0) : (struct cpuid){0};
}

static bool bit(uint32_t word, unsigned int number)
{
	return word >> number & 1;
}

/* Of this processor, with the levels of the paging mode that it is in. */
static struct cpu_features read_features(void)
{
	struct cpuid basic = leaf_or_zero(1), structured = leaf_or_zero(7);
	struct cpuid extended = leaf_or_zero(0x80000001), sizes = leaf_or_zero(0x80000008);

	return (struct cpu_features){
		.nx = bit(extended.edx, 20),
		.pge = bit(basic.edx, 13),
		.gib_leaves = bit(extended.edx, 26),
		.la57 = bit(structured.ecx, 16),
		.pat = bit(basic.edx, 16),
		.mtrr = bit(basic.edx, 12),
		.smep = bit(structured.ebx, 7),
		.smap = bit(structured.ebx, 20),
		.umip = bit(structured.ecx, 2),
		.pcid = bit(basic.ecx, 17),
		.invpcid = bit(structured.ebx, 10),
		.rdrand = bit(basic.ecx, 30),
		.rdseed = bit(structured.ebx, 18),
		.x2apic = bit(basic.ecx, 21),
		.hypervisor = bit(basic.ecx, 31),
		.phys_bits = sizes.eax ? sizes.eax & 0xff : 36,
		.levels = read_cr4() & CR4_LA57 ? 5 : 4,
	};
}

void cpu_features_init(void)
{
	features = read_features();
	firmware_levels = features.levels;
}

const char *cpu_features_lacking(void)
{
	const struct cpu_features own = read_features();
	const struct {
		bool wanted, has;
		const char *word;
	} rows[] = {
		{features.nx, own.nx, "nx"},
		{features.pge, own.pge, "pge"},
		{features.gib_leaves, own.gib_leaves, "1g"},
		{features.la57, own.la57, "la57"},
		{features.pat, own.pat, "pat"},
		{features.smep, own.smep, "smep"},
		{features.smap, own.smap, "smap"},
		{features.umip, own.umip, "umip"},
		{features.invpcid, own.invpcid, "invpcid"},
		{true, own.phys_bits >= features.phys_bits, "as many address bits as the first"},
		{true, own.levels == firmware_levels, "paging with the levels of the first"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].wanted && !rows[i].has)
			return rows[i].word;
	return NULL;
}

unsigned int cpu_firmware_levels(void)
{
	return firmware_levels;
}

void cpu_choose_levels(unsigned int levels)
{
	features.levels = levels;
}

static void copy_trimmed(const char *text, size_t length, char *buffer, size_t size)
{
	size_t used = 0;

	while (length && *text == ' ')
		text++, length--;
	for (; length && *text && used + 1 < size; text++, length--)
		buffer[used++] = *text >= ' ' && *text < 0x7f ? *text : '?';
	while (used && buffer[used - 1] == ' ')
		used--;
	buffer[used] = '\0';
}

void cpu_name(char *buffer, size_t size)
{
	struct cpuid parts[3], vendor = cpuid(0, 0);
	uint32_t letters[3] = {vendor.ebx, vendor.edx, vendor.ecx};

	for (uint32_t i = 0; i < 3; i++)
		parts[i] = leaf_or_zero(0x80000002 + i);
	copy_trimmed((const char *)parts, sizeof(parts), buffer, size);
	if (!buffer[0])
		copy_trimmed((const char *)letters, sizeof(letters), buffer, size);
}

void cpu_feature_words(char *buffer, size_t size)
{
	const struct {
		bool has;
		const char *word;
	} words[] = {
		{features.nx, "nx"},	       {features.pge, "pge"},
		{features.gib_leaves, "1g"},   {features.la57, "la57"},
		{features.pat, "pat"},	       {features.mtrr, "mtrr"},
		{features.smep, "smep"},       {features.smap, "smap"},
		{features.umip, "umip"},       {features.pcid, "pcid"},
		{features.invpcid, "invpcid"}, {features.rdrand, "rdrand"},
		{features.rdseed, "rdseed"},   {features.x2apic, "x2apic"},
	};
	int used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].has)
			used += scnprintf(buffer + used, size - (size_t)used, "%s%s",
					  used ? " " : "", words[i].word);
}

void cpu_hypervisor(char signature[13])
{
	struct cpuid leaf = features.hypervisor ? cpuid(0x40000000, 0) : (struct cpuid){0};

	memcpy(signature, &leaf.ebx, 4);
	memcpy(signature + 4, &leaf.ecx, 4);
	memcpy(signature + 8, &leaf.edx, 4);
	signature[12] = '\0';
}

bool cpu_snoops_itself(void)
{
	return bit(leaf_or_zero(1).edx, 27);
}

bool cpu_is_encrypted_guest(void)
{
	struct cpuid sev = leaf_or_zero(0x8000001f), tdx = leaf_or_zero(0x21);

	if (!features.hypervisor)
		return false;
	/* "IntelTDX    " in EBX, EDX, ECX (Intel TDX module specification, CPUID 0x21). */
	if (tdx.ebx == 0x65746e49 && tdx.edx == 0x5844546c && tdx.ecx == 0x20202020)
		return true;
	/* AMD APM vol. 2, 15.34.10: SEV_STATUS bit 0 says that this guest runs with SEV. */
	return bit(sev.eax, 1) && read_msr(MSR_SEV_STATUS) & 1;
}

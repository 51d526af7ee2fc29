/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"
#include "cpu_features.h"
#include "console.h"
#include "firmware.h"
#include "lib/string.h"
#include "serial.h"
#include "smbios.h"

enum { NAME_BYTES = 64 };

static char manufacturer[NAME_BYTES], product[NAME_BYTES];

void machine_init(void)
{
	static const EFI_GUID smbios_guids[] = {SMBIOS3_TABLE_GUID, SMBIOS_TABLE_GUID};
	const void *entry_point, *table;
	size_t length;

	for (size_t i = 0; i < 2 && !manufacturer[0]; i++) {
		entry_point = firmware_table(&smbios_guids[i]);
		if (entry_point && smbios_table(entry_point, &table, &length))
			smbios_system(table, length, manufacturer, product, NAME_BYTES);
	}
}

bool machine_is_qemu(void)
{
	char signature[13];

	cpu_hypervisor(signature);
	if (!strcmp(signature, "TCGTCGTCGTCG"))
		return true;
	return !strcmp(signature, "KVMKVMKVM") && !strcmp(manufacturer, "QEMU");
}

/* What the firmware says of itself (UEFI 3.3, Globally Defined Variables). */
static const char *secure_boot(void)
{
	static EFI_GUID global = EFI_GLOBAL_VARIABLE;
	uint8_t on = 0;
	UINTN size = sizeof(on);

	if (efi_call(firmware.system->RuntimeServices, GetVariable, (CHAR16 *)L"SecureBoot",
		     &global, NULL, &size, &on))
		return "unknown";
	return on ? "on" : "off";
}

void machine_log(void)
{
	const EFI_SYSTEM_TABLE *system = firmware.system;
	const struct cpu_features *cpu = platform_cpu_features();
	char text[96], signature[13];

	cpu_hypervisor(signature);
	log_note("machine: %s %s%s%s", manufacturer[0] ? manufacturer : "unknown", product,
		 signature[0] ? ", under " : "", signature);
	firmware_text(system->FirmwareVendor, NAME_BYTES, text, sizeof(text));
	log_note("firmware: %s, revision 0x%x, UEFI %u.%u, Secure Boot %s", text,
		 system->FirmwareRevision, system->Hdr.Revision >> 16,
		 (system->Hdr.Revision & 0xffff) / 10, secure_boot());
	cpu_name(text, sizeof(text));
	log_note("processor: %s, %u physical address bits", text, cpu->phys_bits);
	cpu_feature_words(text, sizeof(text));
	log_note("features: %s", text);
	log_note("paging: %u levels; time stamps: %llu MHz; log: %s", cpu_firmware_levels(),
		 (unsigned long long)platform_ticks_per_second() / 1000000, serial_name());
}

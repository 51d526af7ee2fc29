/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/* Parameters of a module, set by OPTIONS="MODULE.name=value". What the source says is what holds at
 * each start of the module when nothing else was asked for. */

enum linux_param_type {
	LINUX_PARAM__Bool, /* what the macro bool stands for */
	LINUX_PARAM_byte,
	LINUX_PARAM_short,
	LINUX_PARAM_ushort,
	LINUX_PARAM_int,
	LINUX_PARAM_uint,
	LINUX_PARAM_long,
	LINUX_PARAM_ulong,
	LINUX_PARAM_ullong,
	LINUX_PARAM_charp,
};

struct linux_param {
	const char *module, *name;
	void *value;
	enum linux_param_type type;
	bool known; /* `standard` holds what the source says */
	uint64_t standard;
};

#define module_param_named(name_, variable_, type_, mode_)                                         \
	static struct linux_param linux_param_##name_ __attribute__((                              \
		used, section("linux_params"), aligned(8))) = {.module = LINUX_MODULE_NAME,        \
							       .name = #name_,                     \
							       .value = &(variable_),              \
							       .type = LINUX_PARAM_##type_}
#define module_param(name_, type_, mode_) module_param_named(name_, name_, type_, mode_)
#define MODULE_PARM_DESC(name_, text_) _Static_assert(sizeof(text_) > 0, "a text")

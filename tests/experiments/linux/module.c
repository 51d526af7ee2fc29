/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/format.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <option.h>
#include "task.h"

/* The life of a module: parameters, init, exit; and its random numbers. */

extern struct linux_param __start_linux_params[] __attribute__((visibility("hidden"), weak));
extern struct linux_param __stop_linux_params[] __attribute__((visibility("hidden"), weak));

enum { TEXTS_MAX = 512 };

static char texts[TEXTS_MAX]; /* parameters that are text, each with its NUL */
static size_t texts_used;

u64 get_random_u64(void)
{
	return test_random();
}

u32 get_random_u32_below(u32 ceiling)
{
	return ceiling ? (u32)test_random_below(NULL, ceiling) : 0;
}

u32 get_random_u32_inclusive(u32 floor, u32 ceiling)
{
	return floor + (u32)test_random_below(NULL, (uint64_t)ceiling - floor + 1);
}

void get_random_bytes(void *buffer, size_t size)
{
	uint8_t *bytes = buffer;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)test_random();
}

static size_t param_size(const struct linux_param *param)
{
	static const uint8_t sizes[] = {
		[LINUX_PARAM__Bool] = sizeof(bool),
		[LINUX_PARAM_byte] = 1,
		[LINUX_PARAM_short] = 2,
		[LINUX_PARAM_ushort] = 2,
		[LINUX_PARAM_int] = 4,
		[LINUX_PARAM_uint] = 4,
		[LINUX_PARAM_long] = 8,
		[LINUX_PARAM_ulong] = 8,
		[LINUX_PARAM_ullong] = 8,
		[LINUX_PARAM_charp] = sizeof(char *),
	};

	return sizes[param->type];
}

static bool set_text(struct linux_param *param, const char *text, size_t length)
{
	char *copy = texts + texts_used;

	if (length >= TEXTS_MAX - texts_used)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	texts_used += length + 1;
	memcpy(param->value, &copy, sizeof(copy));
	return true;
}

static bool set_number(struct linux_param *param, const char *text, size_t length)
{
	bool negative = length && text[0] == '-';
	uint64_t number;

	if (!option_parse_u64(text + negative, length - negative, &number))
		return false;
	if (negative)
		number = -number;
	memcpy(param->value, &number, param_size(param));
	return true;
}

static bool set_bool(struct linux_param *param, const char *text, size_t length)
{
	return option_parse_bool(text, length, param->value);
}

static void set_param(struct linux_param *param)
{
	size_t length;
	const char *text = test_option(param->name, &length);
	bool set = true;

	if (!param->known)
		memcpy(&param->standard, param->value, param_size(param));
	param->known = true;
	memcpy(param->value, &param->standard, param_size(param));
	if (text && param->type == LINUX_PARAM__Bool)
		set = set_bool(param, text, length);
	else if (text && param->type == LINUX_PARAM_charp)
		set = set_text(param, text, length);
	else if (text)
		set = set_number(param, text, length);
	if (!set)
		option_malformed(param->name, text, length);
}

/* The module that runs; one at a time. */
static struct {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
} module;

static void live(void)
{
	int result = module.init();
	char text[64];

	scnprintf(text, sizeof(text), "0 or -EAGAIN from its init, which gave %d", result);
	test_expect(!result || result == -EAGAIN, text, module.name, 0);
	if (!result) {
		schedule();
		if (module.exit)
			module.exit();
	}
	linux_flush_works();
}

void linux_module_run(const char *name, int (*init)(void), void (*exit)(void))
{
	linux_works_start();
	module.name = name;
	module.init = init;
	module.exit = exit;
	texts_used = 0;
	for (struct linux_param *p = __start_linux_params; p < __stop_linux_params; p++)
		if (!strcmp(p->module, name))
			set_param(p);
	linux_tasks_run(live);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Lines of the log, as "# " lines between the results. Levels are accepted; all are printed. Of the
 * kinds of %p there are %pS, %ps, %pB (a function's name), %px and %pK. */

int printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintk(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#define KERN_EMERG ""
#define KERN_ALERT ""
#define KERN_CRIT ""
#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_NOTICE ""
#define KERN_INFO ""
#define KERN_DEBUG ""
#define KERN_CONT ""

#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_emerg(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_warning(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_debug(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...) printk(format, ##__VA_ARGS__)
#define pr_devel(format, ...) printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_info_once pr_info
#define pr_warn_once pr_warn
#define pr_err_once pr_err
#define pr_info_ratelimited pr_info
#define pr_warn_ratelimited pr_warn
#define pr_err_ratelimited pr_err
#define printk_once printk
#define printk_ratelimited printk

/* `size` bytes as lines of hexadecimal, and of text where `ascii` asks for it. */
enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };
void print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_bytes,
		    int group_bytes, const void *bytes, size_t size, bool ascii);
#define print_hex_dump_bytes(prefix, prefix_type, bytes, size)                                     \
	print_hex_dump("", prefix, prefix_type, 16, 1, bytes, size, true)
#define dump_stack() printk("dump_stack() at %s:%d\n", __FILE__, __LINE__)

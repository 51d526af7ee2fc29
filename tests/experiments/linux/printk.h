/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdarg.h>

/* Lines of the log, as "# " lines between the results. Levels are accepted; all are printed. */

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
#define dump_stack() printk("dump_stack() at %s:%d\n", __FILE__, __LINE__)

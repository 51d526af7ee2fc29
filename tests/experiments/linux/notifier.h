/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/vmalloc.h>

/* struct notifier_block is mm/'s, for register_vmap_purge_notifier(). */
#define NOTIFY_DONE 0
#define NOTIFY_OK 1

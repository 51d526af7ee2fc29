/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/* Objects: mm/ has them under Linux's names. These are the later ones, by type instead of size. */

#define KMEM_CACHE(struct_, flags)                                                                 \
	kmem_cache_create(#struct_, sizeof(struct struct_), _Alignof(struct struct_), flags, NULL)

#define LINUX_GFP(...) LINUX_SECOND(0, ##__VA_ARGS__, GFP_KERNEL)
#define kmalloc_obj(what, ...) ((typeof(what) *)kmalloc(sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kzalloc_obj(what, ...) ((typeof(what) *)kzalloc(sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kmalloc_objs(what, nr, ...)                                                                \
	((typeof(what) *)kmalloc_array(nr, sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kzalloc_objs(what, nr, ...)                                                                \
	((typeof(what) *)kcalloc(nr, sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kvmalloc_obj(what, ...) ((typeof(what) *)kvmalloc(sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kvzalloc_obj(what, ...) ((typeof(what) *)kvzalloc(sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kvmalloc_objs(what, nr, ...)                                                               \
	((typeof(what) *)kvmalloc_array(nr, sizeof(what), LINUX_GFP(__VA_ARGS__)))
#define kvzalloc_objs(what, nr, ...)                                                               \
	((typeof(what) *)kvcalloc(nr, sizeof(what), LINUX_GFP(__VA_ARGS__)))

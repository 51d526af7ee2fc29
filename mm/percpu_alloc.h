/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Memory of which every CPU has its own copy. A pointer is that of CPU 0; the copies of the others
 * lie a fixed distance behind (per_cpu_ptr()). Cut from chunks: one area a CPU, congruent, from the
 * top of the vmalloc region. Any CPU; not in exception handlers.
 */

enum { PERCPU_UNIT_BYTES = 32768, PERCPU_GRAIN = 16 };

/* `size` bytes for each CPU, at most PERCPU_UNIT_BYTES, cleared; `align`: a power of two up to a
 * page. NULL: refused, or no memory. */
void *__alloc_percpu(size_t size, size_t align);
#define alloc_percpu(type) ((type *)__alloc_percpu(sizeof(type), _Alignof(type)))
/* NULL is ignored; anything but what __alloc_percpu() gave is refused. */
void free_percpu(void *pointer);

/* Bytes from one CPU's copy to the next one's. */
size_t percpu_stride(void);
#define per_cpu_ptr(pointer, cpu) ((typeof(pointer))((uintptr_t)(pointer) + (cpu)*percpu_stride()))
#define this_cpu_ptr(pointer) per_cpu_ptr(pointer, platform_cpu())

/* Chunks that nothing is left of go back. */
void percpu_drain(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "lib/lock.h"
#include "lines.h"
#include "turns.h"
#include "platform.h"

/*
 * What -fsanitize=thread has the compiler call before each access of mm/ and pagetables/; here in
 * the place of ThreadSanitizer's own library. Every access counts down this CPU's turn, and is
 * looked up in the directory of lines.
 */

#define FROM ((uintptr_t)__builtin_return_address(0))

static struct sharing of_locks;

static inline void note(const volatile void *address, size_t size, bool write, uintptr_t from)
{
	turns_access();
	if (turns_alone())
		lines_access(platform_cpu(), (uintptr_t)address, size, write, from);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

#define ACCESS(name, size, write)                                                                  \
	void __tsan_##name(void *address);                                                         \
	void __tsan_##name(void *address)                                                          \
	{                                                                                          \
		note(address, size, write, FROM);                                                  \
	}
#define ACCESSES(size)                                                                             \
	ACCESS(read##size, size, false)                                                            \
	ACCESS(write##size, size, true)                                                            \
	ACCESS(unaligned_read##size, size, false)                                                  \
	ACCESS(unaligned_write##size, size, true)                                                  \
	ACCESS(volatile_read##size, size, false)                                                   \
	ACCESS(volatile_write##size, size, true)
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *address, unsigned long size);
void __tsan_read_range(void *address, unsigned long size)
{
	note(address, size, false, FROM);
}

void __tsan_write_range(void *address, unsigned long size);
void __tsan_write_range(void *address, unsigned long size)
{
	note(address, size, true, FROM);
}

/* The strongest order for all of them: how strong it is changes nothing that is counted. */
#define ORDER __ATOMIC_SEQ_CST

#define FETCH(bits, what)                                                                          \
	uint##bits##_t __tsan_atomic##bits##_fetch_##what(volatile uint##bits##_t *address,        \
							  uint##bits##_t value, int order);        \
	uint##bits##_t __tsan_atomic##bits##_fetch_##what(volatile uint##bits##_t *address,        \
							  uint##bits##_t value, int order)         \
	{                                                                                          \
		(void)order;                                                                       \
		note(address, sizeof(*address), true, FROM);                                       \
		of_locks.atomics++;                                                                \
		return __atomic_fetch_##what(address, value, ORDER);                               \
	}

#define COMPARE_EXCHANGE(bits, strength)                                                           \
	int __tsan_atomic##bits##_compare_exchange_##strength(                                     \
		volatile uint##bits##_t *address, uint##bits##_t *expected, uint##bits##_t value,  \
		int success, int failure);                                                         \
	int __tsan_atomic##bits##_compare_exchange_##strength(                                     \
		volatile uint##bits##_t *address, uint##bits##_t *expected, uint##bits##_t value,  \
		int success, int failure)                                                          \
	{                                                                                          \
		(void)success, (void)failure;                                                      \
		note(address, sizeof(*address), true, FROM);                                       \
		of_locks.atomics++;                                                                \
		return __atomic_compare_exchange_n(address, expected, value, false, ORDER, ORDER); \
	}

#define ATOMICS(bits)                                                                              \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address,          \
						  int order);                                      \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address,          \
						  int order)                                       \
	{                                                                                          \
		(void)order;                                                                       \
		note(address, sizeof(*address), false, FROM);                                      \
		return __atomic_load_n(address, ORDER);                                            \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value,   \
					 int order);                                               \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value,   \
					 int order)                                                \
	{                                                                                          \
		(void)order;                                                                       \
		note(address, sizeof(*address), true, FROM);                                       \
		__atomic_store_n(address, value, ORDER);                                           \
	}                                                                                          \
	uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t *address,            \
						      uint##bits##_t value, int order);            \
	uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t *address,            \
						      uint##bits##_t value, int order)             \
	{                                                                                          \
		(void)order;                                                                       \
		note(address, sizeof(*address), true, FROM);                                       \
		of_locks.atomics++;                                                                \
		return __atomic_exchange_n(address, value, ORDER);                                 \
	}                                                                                          \
	FETCH(bits, add)                                                                           \
	FETCH(bits, sub)                                                                           \
	FETCH(bits, and)                                                                           \
	FETCH(bits, or)                                                                            \
	FETCH(bits, xor)                                                                           \
	COMPARE_EXCHANGE(bits, strong)                                                             \
	COMPARE_EXCHANGE(bits, weak)
ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	of_locks.atomics++;
	__atomic_thread_fence(ORDER);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(ORDER);
}

/* Memory functions by their names in lib/string.h, which the compiler gives them here. */
void *lines_memset(void *to, int byte, size_t size);
void *lines_memset(void *to, int byte, size_t size)
{
	if (size > 0)
		note(to, size, true, FROM);
	return memset(to, byte, size);
}

void *lines_memmove(void *to, const void *from, size_t size);
void *lines_memmove(void *to, const void *from, size_t size)
{
	if (size > 0) {
		note(from, size, false, FROM);
		note(to, size, true, FROM);
	}
	return memmove(to, from, size);
}

void lock_note(const struct spinlock *lock, bool taken)
{
	if (!turns_alone())
		return;
	if (!taken)
		of_locks.contended++;
	else if (lock->rank == LOCK_RANK_PERCPU)
		of_locks.own_locks++;
	else
		of_locks.locks++;
}

void sharing_get(struct sharing *counts)
{
	lines_get(counts);
	counts->own_locks = of_locks.own_locks;
	counts->locks = of_locks.locks;
	counts->contended = of_locks.contended;
	counts->atomics = of_locks.atomics;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* pagetables/lib/lock.h under Linux's names. None may be held where one waits. */

typedef struct spinlock spinlock_t;
typedef struct spinlock raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name) SPINLOCK(#name, LOCK_RANK_NONE)
#define DEFINE_SPINLOCK(name) struct spinlock name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)
#define spin_lock_init(lock) (*(lock) = (struct spinlock){.rank = LOCK_RANK_NONE, .name = #lock})
#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define spin_lock_irqsave(lock, flags) ((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))
#define raw_spin_lock spin_lock
#define raw_spin_unlock spin_unlock
#define raw_spin_lock_init spin_lock_init
#define raw_spin_lock_irqsave spin_lock_irqsave
#define raw_spin_unlock_irqrestore spin_unlock_irqrestore
#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))

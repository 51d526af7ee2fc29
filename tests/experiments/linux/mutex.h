/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/rwsem.h>

/* One at a time; who waits lets the others run. */

struct mutex {
	struct rw_semaphore sem;
};

#define DEFINE_MUTEX(name) struct mutex name = {{0}}
#define mutex_init(mutex) init_rwsem(&(mutex)->sem)
#define mutex_destroy(mutex) ((void)(mutex))
#define mutex_lock(mutex) down_write(&(mutex)->sem)
#define mutex_lock_interruptible(mutex) (down_write(&(mutex)->sem), 0)
#define mutex_lock_killable(mutex) (down_write(&(mutex)->sem), 0)
#define mutex_trylock(mutex) down_write_trylock(&(mutex)->sem)
#define mutex_unlock(mutex) up_write(&(mutex)->sem)
#define mutex_is_locked(mutex) rwsem_is_locked(&(mutex)->sem)

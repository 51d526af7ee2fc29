/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Many readers or one writer; who waits lets the others run. */

struct rw_semaphore {
	int holders; /* readers; -1: a writer */
};

#define __RWSEM_INITIALIZER(name)                                                                  \
	{                                                                                          \
		.holders = 0                                                                       \
	}
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)
#define init_rwsem(sem) (*(sem) = (struct rw_semaphore){0})

void down_read(struct rw_semaphore *sem);
int down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
int down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem);
#define down_read_interruptible(sem) (down_read(sem), 0)
#define down_read_killable(sem) (down_read(sem), 0)
#define down_write_killable(sem) (down_write(sem), 0)
#define rwsem_is_locked(sem) (READ_ONCE((sem)->holders) != 0)

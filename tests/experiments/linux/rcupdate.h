/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/*
 * A reader never waits, so a grace period is over as soon as every CPU has passed platform_relax().
 * kvfree_rcu() of one argument (Linux 5.8 to 6.2) is kvfree_rcu_mightsleep().
 */

#define rcu_read_lock() barrier()
#define rcu_read_unlock() barrier()
#define rcu_dereference(pointer) READ_ONCE(pointer)
#define rcu_access_pointer(pointer) READ_ONCE(pointer)
#define rcu_assign_pointer(pointer, value) __atomic_store_n(&(pointer), value, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(pointer, value) ((pointer) = (value))

void synchronize_rcu(void);
#define synchronize_rcu_expedited() synchronize_rcu()
#define rcu_barrier() kvfree_rcu_barrier()
#define cond_synchronize_rcu(state) synchronize_rcu()

/* Frees later. Now and then it lets the grace period come, which takes no lock to be held. */
void linux_kvfree_rcu(struct rcu_head *head, void *object);

#undef kvfree_rcu
#undef kfree_rcu
#define LINUX_THIRD(first, second, third, ...) third
#define LINUX_KVFREE_RCU_1(object_) kvfree_rcu_mightsleep(object_)
#define LINUX_KVFREE_RCU_2(object_, field_)                                                        \
	do {                                                                                       \
		typeof(object_) freed_ = (object_);                                                \
		if (freed_)                                                                        \
			linux_kvfree_rcu(&freed_->field_, freed_);                                 \
	} while (0)
#define kvfree_rcu(...)                                                                            \
	LINUX_THIRD(__VA_ARGS__, LINUX_KVFREE_RCU_2, LINUX_KVFREE_RCU_1, 0)(__VA_ARGS__)
#define kfree_rcu(...) kvfree_rcu(__VA_ARGS__)

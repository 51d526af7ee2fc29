/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Readers that may wait: whoever synchronizes waits until a moment without any. */

struct srcu_struct {
	unsigned int readers;
};

#define DEFINE_SRCU(name) struct srcu_struct name
#define DEFINE_STATIC_SRCU(name) static struct srcu_struct name

int init_srcu_struct(struct srcu_struct *srcu);
void cleanup_srcu_struct(struct srcu_struct *srcu);
/* What the lock returns goes to the unlock. */
int srcu_read_lock(struct srcu_struct *srcu);
void srcu_read_unlock(struct srcu_struct *srcu, int index);
void synchronize_srcu(struct srcu_struct *srcu);
#define synchronize_srcu_expedited(srcu) synchronize_srcu(srcu)
#define srcu_dereference(pointer, srcu) READ_ONCE(pointer)

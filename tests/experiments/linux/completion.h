/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Waiting for something to be done. */

struct completion {
	unsigned int done;
};

#define COMPLETION_INITIALIZER(name)                                                               \
	{                                                                                          \
		.done = 0                                                                          \
	}
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)
#define init_completion(completion) ((completion)->done = 0)
#define reinit_completion(completion) ((completion)->done = 0)
#define completion_done(completion) ((completion)->done != 0)

void complete(struct completion *completion);
void complete_all(struct completion *completion);
void wait_for_completion(struct completion *completion);
/* `timeout` in jiffies. 0: it is over; otherwise what is left of it, at least 1. */
unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long timeout);
bool try_wait_for_completion(struct completion *completion);
#define wait_for_completion_interruptible(completion) (wait_for_completion(completion), 0)
#define wait_for_completion_killable(completion) (wait_for_completion(completion), 0)
#define wait_for_completion_interruptible_timeout(completion, timeout)                             \
	((long)wait_for_completion_timeout(completion, timeout))
#define wait_for_completion_killable_timeout(completion, timeout)                                  \
	((long)wait_for_completion_timeout(completion, timeout))

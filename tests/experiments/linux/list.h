/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/* pagetables/lib/list.h with Linux's names, where they differ. */

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define INIT_LIST_HEAD(head) list_init(head)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(entry, member) list_entry((entry)->member.next, typeof(*(entry)), member)
#define list_first_entry_or_null(head, type, member)                                               \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	list_init(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

#define list_for_each(node, head)                                                                  \
	for ((node) = (head)->next; (node) != (head); (node) = (node)->next)
#undef list_for_each_entry
#define list_for_each_entry(entry, head, member)                                                   \
	for ((entry) = list_first_entry(head, typeof(*(entry)), member);                           \
	     &(entry)->member != (head); (entry) = list_next_entry(entry, member))
#undef list_for_each_entry_safe
#define list_for_each_entry_safe(entry, following, head, member)                                   \
	for ((entry) = list_first_entry(head, typeof(*(entry)), member),                           \
	    (following) = list_next_entry(entry, member);                                          \
	     &(entry)->member != (head);                                                           \
	     (entry) = (following), (following) = list_next_entry(following, member))

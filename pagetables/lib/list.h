/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Circular doubly linked list; the head is a node of its own. No locking. */

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct list_head {
	struct list_head *next, *prev;
};

static inline void list_init(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

/* Behind `head`: the front of the list. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

/* Before `head`: the end of the list. */
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_add(node, head->prev);
}

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

/* All of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_splice_tail(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_for_each_entry(entry, head, type, member)                                             \
	for (type *entry = list_entry((head)->next, type, member); &entry->member != (head);       \
	     entry = list_entry(entry->member.next, type, member))

/* As above; `entry` may be taken off the list in the body. */
#define list_for_each_entry_safe(entry, following, head, type, member)                             \
	for (type *entry = list_entry((head)->next, type, member),                                 \
		  *following = list_entry(entry->member.next, type, member);                       \
	     &entry->member != (head);                                                             \
	     entry = following, following = list_entry(entry->member.next, type, member))

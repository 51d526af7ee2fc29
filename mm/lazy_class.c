/* SPDX-License-Identifier: BSD-2-Clause */
#include "lazy_class.h"
#include <stddef.h>
#include "purge.h"

/* `list` stands in front of what is in `*to` then. */
static void join(void **list, void *last, void **to)
{
	*(void **)last = *to;
	*to = *list;
	*list = NULL;
}

bool lazy_class_refresh(struct lazy_class *class)
{
	bool any = false;

	if (class->older && purge_is_clean(class->older_stamp)) {
		join(&class->older, class->older_last, &class->ready);
		any = true;
	}
	if (class->lazy && purge_is_clean(class->stamp)) {
		join(&class->lazy, class->lazy_last, &class->ready);
		class->stamp = STAMP_NONE;
		any = true;
	}
	return any;
}

void lazy_class_turn(struct lazy_class *class, void *first, uint64_t stamp)
{
	lazy_class_refresh(class);
	if (class->lazy) {
		if (!class->older)
			class->older_last = class->lazy_last;
		join(&class->lazy, class->lazy_last, &class->older);
		class->older_stamp = class->stamp;
	}
	class->lazy_last = first;
	class->stamp = stamp;
}

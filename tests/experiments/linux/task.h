/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* For module.c: the tasks of one module. */

/* The one who calls is the module's own task, and there is no other. */
void linux_tasks_start(void);
/* Forgets all tasks, wherever they are, and frees their stacks. Not on one of these. */
void linux_tasks_end(void);
/* Nothing is queued, whatever was. */
void linux_works_start(void);

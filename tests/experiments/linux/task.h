/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* For module.c: runs `module` as the first CPU's own task, and its threads, until it returns. */
void linux_tasks_run(void (*module)(void));
/* Nothing is queued, whatever was. */
void linux_works_start(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Permissions of `pages` pages from `addr` on, which lies in the vmalloc region or the direct map
 * and is page-aligned. Larger leaves are split where only a part changes (mm_quiesce() joins those
 * of the direct map again); every TLB is flushed before the call returns. No page becomes writable
 * and executable: what is writable is made read-only before it is made executable, or both at once
 * (set_memory_rox()).
 *
 * 0; or with nothing changed and, except for -ENOMEM, a line that says why: -EINVAL for other
 * addresses, -EPERM for writable and executable, -ENOENT when a page is not mapped. Context: no
 * lock held, not in an exception handler (-EINVAL).
 */
int set_memory_ro(unsigned long addr, int pages);
int set_memory_rw(unsigned long addr, int pages);
int set_memory_x(unsigned long addr, int pages);
int set_memory_nx(unsigned long addr, int pages);
int set_memory_rox(unsigned long addr, int pages);

/*
 * In the direct map alone: takes the pages' mapping away, or makes it anew, read-write. The second
 * one for pages that are all absent, or all present already; otherwise -EBUSY.
 */
int set_memory_np(unsigned long addr, int pages);
int set_memory_p(unsigned long addr, int pages);

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
 * addresses, -EPERM for writable and executable, -ENOENT when a page is not mapped, or absent
 * (set_memory_np()) and to stay so. Context: no lock held, not in an exception handler (-EINVAL).
 */
int set_memory_ro(unsigned long addr, int pages);
int set_memory_rw(unsigned long addr, int pages);
int set_memory_x(unsigned long addr, int pages);
int set_memory_nx(unsigned long addr, int pages);
int set_memory_rox(unsigned long addr, int pages);

/*
 * Takes the pages away, so that any access faults, or brings them back with the permissions that
 * they had. Pages that are as asked already stay so. An area whose pages are absent is freed as any
 * other; vread() reads them as zero, as holes, and vmalloc_to_page() finds none. The caller owns
 * the pages: nobody else reads them while they go.
 */
int set_memory_np(unsigned long addr, int pages);
int set_memory_p(unsigned long addr, int pages);

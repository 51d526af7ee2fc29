/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Results on failure, negated: the numbers of Linux (asm-generic/errno-base.h and errno.h). */
#ifndef ENOMEM /* the host's libc has the same numbers */
#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EDEADLK 35
#define ENOSYS 38
#define EOVERFLOW 75
#define EOPNOTSUPP 95
#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"

/*
 * Memory types by page: the PAT (Intel SDM vol. 3A, 12.12). Entries 0 to 3 keep their power-on
 * meaning, so that the firmware's tables and ours mean the same by them; ours are 4 to 7.
 */

enum { MSR_PAT = 0x277 };

/* WB WT UC- UC, WC WT UC- UC, entry 0 in the lowest byte. The gate writes it, and undoes that. */
#define PAT_VALUE UINT64_C(0x0007040100070406)
#define PAT_POWER_ON_VALUE UINT64_C(0x0007040600070406)

enum page_cache_mode {
	_PAGE_CACHE_MODE_WB,
	_PAGE_CACHE_MODE_WC,
	_PAGE_CACHE_MODE_UC_MINUS,
	_PAGE_CACHE_MODE_UC,
	_PAGE_CACHE_MODE_WT,
	_PAGE_CACHE_MODE_NUM
};

/* "WB", "WC", "UC-", "UC", "WT" */
extern const char *const cachemode_names[_PAGE_CACHE_MODE_NUM];

#define _PAGE_CACHE_MASK (_PAGE_PWT | _PAGE_PCD | _PAGE_PAT)

/* The bits of _PAGE_CACHE_MASK for a mode, and back. WC on a CPU without PAT is UC-. */
uint64_t cachemode2protval(enum page_cache_mode mode);
enum page_cache_mode pgprot2cachemode(pgprot_t prot);

static inline pgprot_t pgprot_cachemode(pgprot_t prot, enum page_cache_mode mode)
{
	return __pgprot((prot.pgprot & ~_PAGE_CACHE_MASK) | cachemode2protval(mode));
}

static inline pgprot_t pgprot_writecombine(pgprot_t prot)
{
	return pgprot_cachemode(prot, _PAGE_CACHE_MODE_WC);
}

static inline pgprot_t pgprot_writethrough(pgprot_t prot)
{
	return pgprot_cachemode(prot, _PAGE_CACHE_MODE_WT);
}

/* UC-, as in Linux: an MTRR can still make it WC. */
static inline pgprot_t pgprot_noncached(pgprot_t prot)
{
	return pgprot_cachemode(prot, _PAGE_CACHE_MODE_UC_MINUS);
}

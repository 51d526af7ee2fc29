/* SPDX-License-Identifier: BSD-2-Clause */
#include "pat.h"

const char *const cachemode_names[_PAGE_CACHE_MODE_NUM] = {"WB", "WC", "UC-", "UC", "WT"};

/* By PAT entry: the bits PAT, PCD, PWT of a leaf read as a number. */
static const enum page_cache_mode modes[8] = {
	_PAGE_CACHE_MODE_WB, _PAGE_CACHE_MODE_WT, _PAGE_CACHE_MODE_UC_MINUS, _PAGE_CACHE_MODE_UC,
	_PAGE_CACHE_MODE_WC, _PAGE_CACHE_MODE_WT, _PAGE_CACHE_MODE_UC_MINUS, _PAGE_CACHE_MODE_UC,
};

/* What the power-on entries can say is said with them: it holds without a PAT as well. */
uint64_t cachemode2protval(enum page_cache_mode mode)
{
	switch (mode) {
	case _PAGE_CACHE_MODE_WC:
		return platform_cpu_features()->pat ? _PAGE_PAT : _PAGE_PCD;
	case _PAGE_CACHE_MODE_WT:
		return _PAGE_PWT;
	case _PAGE_CACHE_MODE_UC_MINUS:
		return _PAGE_PCD;
	case _PAGE_CACHE_MODE_UC:
		return _PAGE_PCD | _PAGE_PWT;
	default:
		return 0;
	}
}

enum page_cache_mode pgprot2cachemode(pgprot_t prot)
{
	unsigned int entry = (prot.pgprot & _PAGE_PWT ? 1 : 0) + (prot.pgprot & _PAGE_PCD ? 2 : 0) +
			     (prot.pgprot & _PAGE_PAT ? 4 : 0);

	return modes[entry];
}

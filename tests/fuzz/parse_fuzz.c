/* SPDX-License-Identifier: BSD-2-Clause */
#include "parse.h"

/* libFuzzer's way in: one program a parser, PARSER being its function. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	PARSER(bytes, size);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"
#include <stdint.h>

enum encoding { UTF_8, UTF_16_LITTLE, UTF_16_BIG };

struct input {
	const uint8_t *bytes;
	size_t size, at;
	enum encoding encoding;
};

struct output {
	char *bytes;
	size_t size, used;
};

/* By the mark; without one by where the zero byte of the first, surely plain, character stands. */
static enum encoding recognize(struct input *input)
{
	const uint8_t *b = input->bytes;

	if (input->size >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf) {
		input->at = 3;
		return UTF_8;
	}
	if (input->size < 2)
		return UTF_8;
	if ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff)) {
		input->at = 2;
		return b[0] == 0xff ? UTF_16_LITTLE : UTF_16_BIG;
	}
	if (b[0] && !b[1])
		return UTF_16_LITTLE;
	return !b[0] && b[1] ? UTF_16_BIG : UTF_8;
}

/* The next code unit; 0 at the end, or at half of one. */
static uint32_t next_unit(struct input *input)
{
	const uint8_t *b = input->bytes + input->at;
	size_t width = input->encoding == UTF_8 ? 1 : 2;

	if (input->size - input->at < width)
		return 0;
	input->at += width;
	if (input->encoding == UTF_8)
		return b[0];
	return input->encoding == UTF_16_LITTLE ? (uint32_t)(b[0] | b[1] << 8)
						: (uint32_t)(b[1] | b[0] << 8);
}

/* The next code point of UTF-16: two surrogates make one (Unicode 15, 3.9, D91). */
static uint32_t next_point(struct input *input)
{
	uint32_t high = next_unit(input), low;
	size_t after_high = input->at;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	low = high <= 0xdbff ? next_unit(input) : 0;
	if (low >= 0xdc00 && low <= 0xdfff)
		return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	input->at = after_high;
	return 0xfffd;
}

/* All bytes of a character, or none of them. */
static void put_point(struct output *output, uint32_t point)
{
	unsigned int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const uint8_t first_bits[] = {0x00, 0xc0, 0xe0, 0xf0};

	if (output->size - output->used <= more + 1)
		return;
	output->bytes[output->used++] = (char)(first_bits[more] | point >> (6 * more));
	while (more--)
		output->bytes[output->used++] = (char)(0x80 | ((point >> (6 * more)) & 0x3f));
}

size_t text_decode(const void *bytes, size_t size, char *out, size_t out_size)
{
	struct input input = {.bytes = bytes, .size = size};
	struct output output = {.bytes = out, .size = out_size};
	uint32_t point;

	input.encoding = recognize(&input);
	if (input.encoding == UTF_8) {
		while ((point = next_unit(&input)) && output.used + 1 < out_size)
			out[output.used++] = (char)point;
	} else {
		while ((point = next_point(&input)))
			put_point(&output, point);
	}
	out[output.used] = '\0';
	return output.used;
}

bool text_is_readable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t c = (uint8_t)text[i];

		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return false;
	}
	return true;
}

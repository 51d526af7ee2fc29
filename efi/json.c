/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"
#include "lib/string.h"

static void put_quoted(struct text_out *out, struct word text)
{
	text_put_string(out, "\"");
	for (size_t i = 0; i < text.length; i++) {
		char c = text.text[i];

		if (c == '"' || c == '\\')
			text_put_string(out, "\\");
		if (c < ' ' || c > '~')
			c = '?';
		text_put(out, &c, 1);
	}
	text_put_string(out, "\"");
}

static void put_line(struct json *json)
{
	text_put_string(json->out, json->any ? ",\n" : json->depth ? "\n" : "");
	for (unsigned int i = 0; i < json->depth; i++)
		text_put_string(json->out, " ");
	json->any = true;
}

static void put_key_word(struct json *json, struct word key)
{
	put_line(json);
	put_quoted(json->out, key);
	text_put_string(json->out, ": ");
}

static void put_key(struct json *json, const char *key)
{
	if (key)
		put_key_word(json, (struct word){key, strlen(key)});
	else
		put_line(json);
}

void json_open(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	text_put(json->out, &bracket, 1);
	json->depth++;
	json->any = false;
}

void json_close(struct json *json, char bracket)
{
	bool empty = !json->any;

	json->depth--;
	json->any = false;
	if (!empty)
		put_line(json);
	text_put(json->out, &bracket, 1);
	json->any = true;
	if (!json->depth)
		text_put_string(json->out, "\n");
}

void json_text(struct json *json, const char *key, struct word text)
{
	put_key(json, key);
	put_quoted(json->out, text);
}

void json_number(struct json *json, const char *key, uint64_t number)
{
	put_key(json, key);
	text_put_number(json->out, number);
}

void json_milli(struct json *json, const char *key, uint64_t thousandths)
{
	put_key(json, key);
	text_put_fraction(json->out, thousandths, 3);
}

static size_t digits(struct word word, size_t at)
{
	size_t nr = 0;

	while (at + nr < word.length && word.text[at + nr] >= '0' && word.text[at + nr] <= '9')
		nr++;
	return nr;
}

/* A number as JSON writes it: no leading zeros, no exponent here. */
static bool is_number(struct word value)
{
	size_t at = value.length && value.text[0] == '-', whole = digits(value, at), fraction;

	if (!whole || (whole > 1 && value.text[at] == '0'))
		return false;
	at += whole;
	if (at == value.length)
		return true;
	fraction = digits(value, at + 1);
	return value.text[at] == '.' && fraction && at + 1 + fraction == value.length;
}

void json_pair(struct json *json, struct word key, struct word value)
{
	put_key_word(json, key);
	if (is_number(value))
		text_put_word(json->out, value);
	else
		put_quoted(json->out, value);
}

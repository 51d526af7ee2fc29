/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "text_out.h"

/*
 * Writes JSON (RFC 8259), a member or an element a line. The caller opens and closes in pairs;
 * `key` is NULL in an array. Control characters and all that is not ASCII in a text become '?'.
 */
struct json {
	struct text_out *out;
	unsigned int depth;
	bool any; /* the object or array that is open has a member */
};

/* `bracket` is '{' or '['; json_close() takes the other one. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *key, struct word text);
void json_number(struct json *json, const char *key, uint64_t number);
/* `thousandths` / 1000, with three digits behind the point. */
void json_milli(struct json *json, const char *key, uint64_t thousandths);
/* A member whose key is somebody else's text; a number when the value is one. */
void json_pair(struct json *json, struct word key, struct word value);

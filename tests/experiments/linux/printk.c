/* SPDX-License-Identifier: BSD-2-Clause */
#include <fault.h>
#include <lib/format.h>
#include <linux/kernel.h>

/* What a module says, and what it complains of. */

enum { TEXT_MAX = 512 };

/* What stands for the letter behind %p until the text is there: characters that no text has. */
static const char kinds[] = "SsBxK";
enum { KIND_PLAIN = 3, KIND_MARK = 1 };

static void mark_pointers(const char *format, char *marked, size_t size)
{
	size_t used = 0;

	for (const char *c = format; *c && used < size - 1; c++) {
		const char *kind = kinds;

		marked[used++] = *c;
		if (c == format || c[-1] != '%' || c[0] != 'p')
			continue;
		while (*kind && *kind != c[1])
			kind++;
		if (*kind && used < size - 1) {
			marked[used++] = (char)(KIND_MARK + (kind - kinds));
			c++;
		}
	}
	marked[used] = '\0';
}

/* The address that ends at `end`, as "%p" prints it; `*start` is where it begins. */
static uintptr_t read_address(const char *text, const char *end, const char **start)
{
	uintptr_t address = 0;
	const char *c = end;

	while (c > text && c[-1] != 'x')
		c--;
	*start = c - 2 >= text ? c - 2 : text;
	for (; c < end; c++)
		address = address << 4 | (uintptr_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	return address;
}

/* Puts names in the place of the addresses that were marked. */
static int name_pointers(const char *text, char *named, int size)
{
	int used = 0;

	for (const char *c = text; *c; c++) {
		const char *start;
		uintptr_t address;

		if (*c < KIND_MARK || *c >= KIND_MARK + (char)sizeof(kinds) - 1) {
			used += scnprintf(named + used, (size_t)(size - used), "%c", *c);
			continue;
		}
		if (*c - KIND_MARK >= KIND_PLAIN)
			continue;
		address = read_address(text, c, &start);
		used -= (int)(c - start);
		symbol_format(address, named + used, (size_t)(size - used));
		used += (int)strlen(named + used);
	}
	return used;
}

/* Each line of the text is one of the log; what does not end in a newline is one, too. */
int vprintk(const char *format, va_list arguments)
{
	char marked[TEXT_MAX], bare[TEXT_MAX], text[TEXT_MAX];
	int length, start = 0;

	mark_pointers(format, marked, sizeof(marked));
	vscnprintf(bare, sizeof(bare), marked, arguments);
	length = name_pointers(bare, text, sizeof(text));

	for (int end = 0; end <= length; end++) {
		if (text[end] != '\n' && text[end])
			continue;
		if (end > start || text[end])
			log_line("# %.*s", end - start, text + start);
		start = end + 1;
	}
	return length;
}

int printk(const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vprintk(format, arguments);
	va_end(arguments);
	return length;
}

bool linux_complain(const char *what, const char *file, int line)
{
	char text[128];

	scnprintf(text, sizeof(text), "!(%s)", what);
	test_expect(false, text, file, line);
	return true;
}

void linux_bug(const char *what, const char *file, int line)
{
	linux_complain(what, file, line);
	test_give_up();
}

void print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_bytes,
		    int group_bytes, const void *bytes, size_t size, bool ascii)
{
	size_t row = row_bytes == 32 ? 32 : 16, group = group_bytes > 0 ? (size_t)group_bytes : 1;
	const u8 *byte = bytes;

	for (size_t at = 0; at < size; at += row) {
		char line[192];
		int used = scnprintf(line, sizeof(line), "%s%s", level, prefix);

		if (prefix_type == DUMP_PREFIX_ADDRESS)
			used += scnprintf(line + used, sizeof(line) - used, "%p: ", byte + at);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			used += scnprintf(line + used, sizeof(line) - used, "%08zx: ", at);
		for (size_t i = at; i < at + row; i++) {
			const char *gap = i % group == group - 1 ? " " : "";

			used += i < size ? scnprintf(line + used, sizeof(line) - used, "%02x%s",
						     byte[i], gap)
					 : scnprintf(line + used, sizeof(line) - used, "  %s", gap);
		}
		for (size_t i = at; ascii && i < at + row && i < size; i++)
			used += scnprintf(line + used, sizeof(line) - used, "%c",
					  byte[i] >= ' ' && byte[i] <= '~' ? byte[i] : '.');
		log_line("# %s", line);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/format.h>
#include <linux/kernel.h>

/* What a module says, and what it complains of. */

enum { TEXT_MAX = 1024 };

/* Each line of the text is one of the log; what does not end in a newline is one, too. */
int vprintk(const char *format, va_list arguments)
{
	char text[TEXT_MAX];
	int length = vscnprintf(text, sizeof(text), format, arguments), start = 0;

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


#include <linux/kernel.h>
#include <linux/slab.h>

/* Text and bytes beyond what compilers call by themselves. */

#define snprintf(...) scnprintf(__VA_ARGS__)

/* At most `size` - 1 bytes and a NUL. How many; -E2BIG when not all. */
ssize_t strscpy(char *to, const char *from, size_t size);
char *strncpy(char *to, const char *from, size_t size);
size_t strnlen(const char *text, size_t size);
char *strchr(const char *text, int c);
char *strrchr(const char *text, int c);
char *strstr(const char *text, const char *part);
/* The first byte that is not `byte`; NULL: all are. */
void *memchr_inv(const void *from, int byte, size_t size);
void *memchr(const void *from, int byte, size_t size);
/* Fills with copies of a value. */
void memset32(u32 *to, u32 value, size_t nr);
void memset64(u64 *to, u64 value, size_t nr);
#define memzero_explicit(to, size)                                                                 \
	do {                                                                                       \
		memset(to, 0, size);                                                               \
		barrier();                                                                         \
	} while (0)

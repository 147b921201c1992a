#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static char *reserve(struct text *text, size_t more)
{
	if (text->length + more > text->capacity) {
		size_t capacity = text->capacity ? text->capacity : 4096;

		while (capacity < text->length + more)
			capacity *= 2;
		text->bytes = realloc(text->bytes, capacity);
		if (!text->bytes) {
			fputs("agent: out of memory\n", stderr);
			abort();
		}
		text->capacity = capacity;
	}
	return text->bytes + text->length;
}

void text_clear(struct text *text)
{
	text->length = 0;
}

void text_append(struct text *text, const char *bytes, size_t length)
{
	memcpy(reserve(text, length), bytes, length);
	text->length += length;
}

void text_put(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_integer(struct text *text, int64_t value)
{
	char digits[20];
	size_t first = sizeof(digits);
	/* The magnitude as unsigned: INT64_MIN has no positive counterpart. */
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--first] = '0' + magnitude % 10;
		magnitude /= 10;
	} while (magnitude);
	if (value < 0)
		text_put(text, "-");
	text_append(text, digits + first, sizeof(digits) - first);
}

void text_json_hex(struct text *text, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;
	char *to = reserve(text, 2 * length + 2);

	*to++ = '"';
	for (size_t i = 0; i < length; i++) {
		*to++ = hex_digits[from[i] >> 4];
		*to++ = hex_digits[from[i] & 15];
	}
	*to = '"';
	text->length += 2 * length + 2;
}

void text_json_string(struct text *text, const char *bytes, size_t length)
{
	text_put(text, "\"");
	for (size_t i = 0; i < length; i++) {
		unsigned char c = bytes[i];
		char escape[7];

		if (c == '\n')
			text_put(text, "\\n");
		else if (c == '"' || c == '\\')
			text_append(text, (char[]){ '\\', (char)c }, 2);
		else if (c >= 0x20 && c < 0x7f)
			text_append(text, (const char *)&c, 1);
		else {
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			text_put(text, escape);
		}
	}
	text_put(text, "\"");
}

/* A growing piece of text, and the few ways in which an answer writes into it. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes;
	size_t length;
	size_t capacity;
};

/* Empties the text; its memory is kept for the next answer. */
void text_clear(struct text *text);
void text_append(struct text *text, const char *bytes, size_t length);
/* Appends a C string as it is. */
void text_put(struct text *text, const char *string);
void text_integer(struct text *text, int64_t value);
/* Appends bytes as lower-case hexadecimal in JSON quotes. */
void text_json_hex(struct text *text, const void *bytes, size_t length);
/* Appends a JSON string; bytes outside printable ASCII become escapes, so any kernel output is valid JSON. */
void text_json_string(struct text *text, const char *bytes, size_t length);

#endif

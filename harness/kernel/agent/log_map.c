#include "log_map.h"

#include "bpf_syscall.h"

_Static_assert(sizeof(struct log_record) == LOG_RECORD_BYTES, "a record has the layout that programs write");

int log_map_read(int fd, uint32_t value_size, struct log_contents *contents)
{
	uint32_t key = 0, capacity = (value_size - LOG_CURSOR_BYTES) / LOG_RECORD_BYTES;
	int error = bpf_map_lookup(fd, &key, contents);

	if (error)
		return error;
	return contents->claimed < capacity ? (int)contents->claimed : (int)capacity;
}

void log_record_put(struct text *text, const struct log_record *record)
{
	text_put(text, "{\"site\":");
	text_integer(text, record->site);
	text_put(text, ",\"cpu\":");
	text_integer(text, record->cpu);
	text_put(text, ",\"timeNs\":");
	text_integer(text, record->time_ns);
	/* The upper halves are not defined: kernels up to 6.1 leave them zero for a negative helper result. */
	text_put(text, ",\"value\":");
	text_integer(text, (int32_t)record->value);
	text_put(text, ",\"aux\":");
	text_integer(text, (int32_t)record->aux);
	text_put(text, "}");
}

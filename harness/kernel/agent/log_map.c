#include "log_map.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf_syscall.h"

enum { LOG_RECORDS_OFFSET = offsetof(struct log_contents, records) };

_Static_assert(LOG_RECORDS_OFFSET == 8 + PARAMETERS_MAX * PARAMETER_BYTES, "as in scenario/log-map.ts");
_Static_assert(sizeof(struct log_record) == LOG_RECORD_BYTES, "a record has the layout that programs write");

int log_map_open(struct log_map *log, const struct map_spec *spec)
{
	struct map_spec mappable = *spec;
	void *mapping;

	*log = (struct log_map){ .value_size = spec->value_size };
	mappable.flags |= BPF_F_MMAPABLE;
	log->fd = bpf_map_create(&mappable, -1, -1);
	if (log->fd < 0) {
		log->fd = bpf_map_create(spec, -1, -1);
		return log->fd < 0 ? log->fd : 0;
	}
	mapping = mmap(NULL, spec->value_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, log->fd, 0);
	if (mapping != MAP_FAILED)
		log->mapping = mapping;
	return 0;
}

void log_map_close(struct log_map *log)
{
	if (log->mapping)
		munmap(log->mapping, log->value_size);
	if (log->fd >= 0)
		close(log->fd);
}

uint32_t log_map_capacity(uint32_t value_size)
{
	return value_size < LOG_RECORDS_OFFSET ? 0 : (value_size - LOG_RECORDS_OFFSET) / LOG_RECORD_BYTES;
}

int log_map_begin(const struct log_map *log, const struct bytes *parameters)
{
	static struct log_contents fresh;
	uint32_t key = 0, capacity = log_map_capacity(log->value_size), used;

	if (!log->mapping) {
		memset(fresh.parameters, 0, sizeof(fresh.parameters));
		memcpy(fresh.parameters, parameters->data, parameters->length);
		return bpf_map_update(log->fd, &key, &fresh, 0);
	}
	used = log->mapping->claimed < capacity ? log->mapping->claimed : capacity;
	memset(log->mapping->records, 0, used * LOG_RECORD_BYTES);
	memcpy(log->mapping->parameters, parameters->data, parameters->length);
	__atomic_store_n(&log->mapping->claimed, 0, __ATOMIC_SEQ_CST);
	return 0;
}

int log_map_read(const struct log_map *log, struct log_contents *contents, uint32_t known)
{
	uint32_t key = 0, capacity = log_map_capacity(log->value_size), count;

	if (log->mapping) {
		contents->claimed = __atomic_load_n(&log->mapping->claimed, __ATOMIC_SEQ_CST);
	} else {
		int error = bpf_map_lookup(log->fd, &key, contents);

		if (error)
			return error;
	}
	count = contents->claimed < capacity ? contents->claimed : capacity;
	if (log->mapping && count > known)
		memcpy(&contents->records[known], &log->mapping->records[known], (count - known) * LOG_RECORD_BYTES);
	return count;
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

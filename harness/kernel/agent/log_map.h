/* The log map, read as user space sees it. Its layout is described in scenario/log-map.ts. */
#ifndef LOG_MAP_H
#define LOG_MAP_H

#include <stdint.h>

#include "text.h"

enum { LOG_CURSOR_BYTES = 8, LOG_RECORD_BYTES = 32, LOG_RECORDS_MAX = 2048 };

struct log_record {
	uint32_t site;
	uint32_t cpu;
	uint64_t time_ns;
	uint64_t value;
	uint64_t aux;
};

/* The element of the log map as it was last read. */
struct log_contents {
	uint64_t claimed;
	struct log_record records[LOG_RECORDS_MAX];
};

/* Reads the element; returns the number of whole records in it, or a negative errno. */
int log_map_read(int fd, uint32_t value_size, struct log_contents *contents);

/* Appends one record as JSON. */
void log_record_put(struct text *text, const struct log_record *record);

#endif

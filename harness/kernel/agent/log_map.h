/* The log map, read as user space sees it. Its layout is described in scenario/log-map.ts. */
#ifndef LOG_MAP_H
#define LOG_MAP_H

#include <stdint.h>

#include "scenario.h"
#include "text.h"

enum { PARAMETER_BYTES = 8, PARAMETERS_MAX = 256, LOG_RECORD_BYTES = 32, LOG_RECORDS_MAX = 2048 };

struct log_record {
	uint32_t site;
	uint32_t cpu;
	uint64_t time_ns;
	uint64_t value;
	uint64_t aux;
};

/* The element of the log map. Programs only read the parameters. */
struct log_contents {
	uint64_t claimed;
	uint64_t parameters[PARAMETERS_MAX];
	struct log_record records[LOG_RECORDS_MAX];
};

/*
 * The log map as the agent reads it: through a mapping, since copying its element after each step would cost more
 * than most steps do; by lookups where the kernel does not allow that.
 */
struct log_map {
	int fd; /* or -1 */
	uint32_t value_size;
	struct log_contents *mapping; /* or NULL */
};

/* Creates the map; 0 or a negative errno. */
int log_map_open(struct log_map *log, const struct map_spec *spec);
void log_map_close(struct log_map *log);

/* Empties the map but for these parameters; 0 or a negative errno. */
int log_map_begin(const struct log_map *log, const struct bytes *parameters);

/* Brings `contents` up to date behind its first `known` records; returns how many it has, or a negative errno. */
int log_map_read(const struct log_map *log, struct log_contents *contents, uint32_t known);

/* How many records the element has room for. */
uint32_t log_map_capacity(uint32_t value_size);

/* Appends one record as JSON. */
void log_record_put(struct text *text, const struct log_record *record);

#endif

/* What is observed of one case. */
#ifndef OBSERVATIONS_H
#define OBSERVATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log_map.h"
#include "scenario.h"

enum { CASE_BYTES_MAX = 4 << 20 };

/* A stretch of observations.bytes. */
struct stretch {
	uint32_t offset;
	uint32_t length;
};

/* What one step gave. */
struct outcome {
	int32_t result;
	bool has_return_value;
	int32_t return_value;
	bool has_value;
	struct stretch value;
	struct stretch message; /* length 0: none */
	uint64_t time_ns;
	uint32_t first_record;
	uint32_t record_count;
};

/* A map or program that the kernel has created for this case. */
struct kernel_object {
	bool is_program;
	uint32_t index;
	uint32_t id;
};

/* What must survive exit-process: it lies in memory that a forked process shares with its parent. */
struct observations {
	struct outcome outcomes[STEPS_MAX];
	uint32_t steps_done;
	struct kernel_object objects[STEPS_MAX];
	uint32_t object_count;
	uint32_t program_id[PROGRAMS_MAX]; /* 0: never loaded */
	bool pinned;
	struct log_contents log;
	int log_error; /* why it could not be read, or 0 */
	uint8_t bytes[CASE_BYTES_MAX];
	uint32_t bytes_used;
};

/* Keeps bytes as part of the observations; what does not fit is cut off. */
struct stretch observe_bytes(struct observations *seen, const void *bytes, size_t length);

/* The index of the map or program with that id, or NO_INDEX. */
int observed_index(const struct observations *seen, bool is_program, uint32_t id);

#endif

/* One case: a compiled scenario executed from a clean state, and what was observed. */
#ifndef CASE_H
#define CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leftovers.h"
#include "log_map.h"
#include "scenario.h"
#include "text.h"

enum { CASE_BYTES_MAX = 4 << 20, MESSAGE_BYTES_MAX = 1024 };

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

/* Descriptors by index, -1 where there is none. */
struct descriptors {
	int map_fd[MAPS_MAX];
	int program_fd[PROGRAMS_MAX];
};

/* The process that acts, and what it holds. */
struct process {
	const struct scenario *scenario;
	struct observations *seen;
	int btf_fd;
	struct log_map log;
	struct descriptors holds;
	/* Maps and programs as good as new, to be taken where a step makes one; or NULL. */
	const struct descriptors *spare;
};

/* Keeps bytes as part of the observations; what does not fit is cut off. */
struct stretch observe_bytes(struct observations *seen, const void *bytes, size_t length);

/* The index of the map or program with that id, or NO_INDEX. */
int observed_index(const struct observations *seen, bool is_program, uint32_t id);

/* Executes the scenario on one JSON line and appends one JSON line, a trace or {"error": why}, without the newline. */
void case_answer(const char *line, size_t length, struct text *answer);

/* A scenario in two parts, as one of many. */
struct case_request {
	uint32_t number; /* what leftovers are reported with, later */
	uint32_t slot; /* under which its shape stays */
	bool keep_objects; /* so do its maps and programs: to these steps new ones would be no different */
	const char *shape; /* empty: the one last given under that slot */
	size_t shape_length;
	const char *steps;
	size_t steps_length;
};

/*
 * The same for a request. What an earlier case has left behind may be reported in between, and what this one leaves has
 * to be waited for.
 */
void case_answer_request(const struct case_request *request, struct text *answer, leftover_report *report);

#endif

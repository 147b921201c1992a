/* The process that executes the steps of a case. */
#ifndef PROCESS_H
#define PROCESS_H

#include "log_map.h"
#include "observations.h"
#include "scenario.h"

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

#endif

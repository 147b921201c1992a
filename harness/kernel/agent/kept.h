/*
 * What the agent keeps from case to case, under the number its host gives it: a shape, its BTF in the kernel, and,
 * where that makes no difference to a case, its maps and loaded programs, with the maps made as good as new.
 */
#ifndef KEPT_H
#define KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "process.h"
#include "scenario.h"

enum { KEPT_MAX = 256 };

struct kept {
	struct scenario scenario;
	bool is_read; /* whether there is a shape at all */
	int btf_fd; /* or -1 */
	bool has_objects; /* whether the following is there */
	struct log_map log;
	struct descriptors objects;
	uint32_t map_id[MAPS_MAX];
};

/* What is kept under that number, or NULL where it is none. */
struct kept *kept_find(uint32_t slot);

/* Lets go of all that was kept of a shape, during the case of that number (see leftovers.h). */
void kept_release(struct kept *kept, uint32_t number);

/* Lets go of its maps and programs. */
void kept_drop_objects(struct kept *kept, uint32_t number);

/*
 * Keeps what this process holds, if it is every map and program of the shape. It holds nothing then, and true is
 * returned.
 */
bool kept_take(struct kept *kept, struct process *process);

/*
 * Makes the maps as good as new once a case is done with them: their last user reference is dropped, which frees every
 * timer (map_release_uref), they are emptied, and read to prove it. NULL, or what did not work; the objects are
 * let go of then.
 */
const char *kept_renew(struct kept *kept, uint32_t number);

#endif

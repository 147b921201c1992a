/* What each kind of step is: its name, the fields it carries, and the function that does it. */
#ifndef STEPS_H
#define STEPS_H

#include "process.h"

enum step_target { TARGET_NONE, TARGET_MAP, TARGET_PROGRAM };

enum step_field {
	FIELD_KEY = 1 << 0,
	FIELD_VALUE = 1 << 1,
	FIELD_FLAGS = 1 << 2,
	FIELD_NS = 1 << 3,
	FIELD_CPU = 1 << 4,
};

struct step_kind {
	const char *name;
	enum step_target target;
	unsigned int fields;
	/* Returns 0 or a negative errno. NULL for exit-process, which is not the acting process's own to do. */
	int (*execute)(struct process *process, const struct step *step, struct outcome *outcome);
	/* Whether it takes an acting process that ends with the case: the agent itself could not undo it. */
	bool needs_process;
};

/* The kind of that name, or NULL. */
const struct step_kind *step_kind_find(const char *name);

#endif

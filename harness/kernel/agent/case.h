/* One case: a compiled scenario executed from a clean state, and what was observed. */
#ifndef CASE_H
#define CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leftovers.h"
#include "text.h"

struct json_object;

/*
 * Executes the scenario of a document that was read from so many characters. Appends its trace, as JSON, and returns
 * NULL; or returns why there is none.
 */
const char *case_answer(struct json_object *document, size_t length, struct text *answer);

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

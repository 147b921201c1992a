/* A compiled scenario, read from its JSON. The format is described in scenario/compiled-scenario.ts. */
#ifndef SCENARIO_READ_H
#define SCENARIO_READ_H

#include <stddef.h>

#include "scenario.h"

struct json_object;

/*
 * Each reads a part of a scenario from JSON, over what was there before. They return NULL, or one line that says what
 * is wrong and where; the scenario is of no use then. Steps are read after the shape that they are of.
 */
const char *scenario_read_shape(struct scenario *scenario, const char *text, size_t length);
const char *scenario_read_steps(struct scenario *scenario, const char *text, size_t length);
/* Both, from a document that was read from so many characters. */
const char *scenario_read(struct scenario *scenario, struct json_object *document, size_t length);

#endif

/* The trace of a case as JSON. The format is described in scenario/trace.ts. */
#ifndef TRACE_H
#define TRACE_H

#include "complaints.h"
#include "observations.h"
#include "scenario.h"
#include "text.h"

void trace_put(struct text *text, const struct scenario *scenario, const struct observations *seen,
	       const struct complaints *complaints);

#endif

/* The trace of a case as JSON. The format is described in scenario/trace.ts. */
#ifndef TRACE_H
#define TRACE_H

#include "case.h"
#include "complaints.h"

void trace_put(struct text *text, const struct scenario *scenario, const struct observations *seen,
	       const struct complaints *complaints);

#endif

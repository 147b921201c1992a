#include "faults.h"

#include <stdlib.h>
#include <string.h>

bool faulty(const char *name)
{
	const char *fault = getenv("TIMERCONF_FAULT");

	return fault && !strcmp(fault, name);
}

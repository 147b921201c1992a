#include "faults.h"

#include <stdlib.h>
#include <string.h>

bool faulty(const char *name)
{
	const char *faults = getenv("TIMERCONF_FAULT");
	size_t length = strlen(name);

	while (faults) {
		size_t word = strcspn(faults, ",");

		if (word == length && !strncmp(faults, name, length))
			return true;
		faults = faults[word] ? faults + word + 1 : NULL;
	}
	return false;
}

#include "observations.h"

#include <string.h>

struct stretch observe_bytes(struct observations *seen, const void *bytes, size_t length)
{
	struct stretch stretch = { seen->bytes_used, length };

	if (length > CASE_BYTES_MAX - seen->bytes_used)
		stretch.length = CASE_BYTES_MAX - seen->bytes_used;
	memcpy(seen->bytes + stretch.offset, bytes, stretch.length);
	seen->bytes_used += stretch.length;
	return stretch;
}

int observed_index(const struct observations *seen, bool is_program, uint32_t id)
{
	for (uint32_t i = 0; i < seen->object_count; i++)
		if (seen->objects[i].is_program == is_program && seen->objects[i].id == id)
			return seen->objects[i].index;
	return NO_INDEX;
}

/* What the kernel complained about while a case ran, and what it left behind. */
#ifndef COMPLAINTS_H
#define COMPLAINTS_H

#include <stdint.h>

enum { COMPLAINTS_MAX = 32, COMPLAINT_BYTES_MAX = 256 };

struct complaints {
	uint32_t count;
	char lines[COMPLAINTS_MAX][COMPLAINT_BYTES_MAX];
};

#endif

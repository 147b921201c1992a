#include "crc32.h"

uint32_t crc32(const void *bytes, size_t length)
{
	static uint32_t table[256];
	const unsigned char *at = bytes;
	uint32_t sum = 0xffffffff;

	/* Entry 1 is never 0 in a filled table. */
	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++)
				value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
			table[i] = value;
		}
	}
	while (length--)
		sum = table[(sum ^ *at++) & 0xff] ^ (sum >> 8);
	return ~sum;
}

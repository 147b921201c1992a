/* CRC-32 (IEEE 802.3, reflected), the checksum of a message: the same as zlib's crc32. */
#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(const void *bytes, size_t length);

#endif

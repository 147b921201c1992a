/*
 * The memory shared with the host: a page of control words, then a region of requests and one of answers, each a
 * row of messages. The host's side is harness/kernel/message.ts.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdint.h>

enum { CONTROL_BYTES = 4096, CONTROL_MAGIC = 0x46435442, CONTROL_LAYOUT = 4, MESSAGE_ALIGNMENT = 8 };

/* Room for the message behind the answers, a JSON array of what was found late: [{"case": 3, "complaint": "…"}]. */
enum { CLOSING_BYTES_MAX = 1 << 20 };

/* Little-endian words, like everything here. */
struct control {
	uint32_t magic;
	uint32_t layout;
	/* Written by the host before it lets the guest go on. */
	uint32_t batch;
	uint32_t case_count;
	/* Written by the guest: the batch it has finished, and, as it goes, how many cases it has answered. */
	uint32_t batch_done;
	uint32_t cases_done;
	/* Written by the host: not 0 where guest time may jump by some milliseconds at each stop, or may not. */
	uint32_t settle;
};

/* What stands before the bytes of each message; the next message begins at the next multiple of 8. */
struct message_header {
	uint32_t length;
	uint32_t crc32;
};

/* What the bytes of a request begin with; then come the text of a shape and that of the steps, see case.h. */
struct request_header {
	uint32_t slot;
	uint32_t keep_objects;
	uint32_t shape_length;
};

#endif

/* Several processes that answer the lines of one input on one output, each a case at a time. */
#ifndef CREW_H
#define CREW_H

#include <stddef.h>

#include "text.h"

enum { CREW_MAX = 64 };

/* Answers a line; returns 0, or what the program exits with. */
typedef int answer_line_function(const char *line, size_t length, struct text *answer);

/* Hands each line of standard input to a process that is idle. Returns when the input has ended and all are done. */
int crew_answer(int count, answer_line_function *answer_line);

/* Between these, no other process of the crew writes. Without a crew they do nothing. */
void crew_lock_output(void);
void crew_unlock_output(void);

#endif

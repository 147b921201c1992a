/* The agent as a runtime in a process of its own: docs/PROTOCOL.md says what is spoken. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

/* Answers until the input ends, so many cases at the same time. Returns what the program exits with. */
int protocol_speak(int parallel);

#endif

/* BPF_PROG_LOAD of one program of a scenario. */
#ifndef PROGRAM_LOAD_H
#define PROGRAM_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "process.h"

/*
 * Fills in the relocations, loads, and returns the descriptor or a negative errno; then `message`, valid until the
 * next call, holds the end of the verifier's log.
 */
int program_load(struct process *process, uint32_t index, const char **message);

/* Whether the process holds every map that the program names; without one it cannot be loaded. */
bool program_has_maps(const struct process *process, uint32_t index);

#endif

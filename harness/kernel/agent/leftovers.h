/* What cases leave behind: maps, programs and pins that should be gone after them. */
#ifndef LEFTOVERS_H
#define LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>

/* `number` is that of a case, in whatever way the caller counts them. */
typedef void leftover_report(uint32_t number, const char *line);

/* From now on this map or program, number `index` of its case, should go. Nothing is expected of the id 0. */
void leftovers_expect(uint32_t number, bool is_program, uint32_t index, uint32_t id);

/*
 * Waits until the kernel has nothing left of what should go, and reports each that stays, with whose it is: the agent's
 * if it still holds it, else the kernel's. All is forgotten then.
 */
void leftovers_wait(leftover_report *report);

#endif

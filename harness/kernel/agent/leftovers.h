/* What a case leaves behind: maps, programs and pins that should be gone after it. */
#ifndef LEFTOVERS_H
#define LEFTOVERS_H

#include "case.h"

/*
 * Waits until the kernel has none of the case's maps and programs left, and looks for its pins. Calls `complain` with a
 * line for each that stays, which says whose it is: the agent's if it still holds it, else the kernel's.
 */
void leftovers_find(const struct observations *seen, void (*complain)(const char *line));

#endif

/*
 * Deliberate defects of the agent, for the tests of those who have to notice them: those that the environment names in
 * TIMERCONF_FAULT, with commas between. A guest gets it as a word of its kernel's command line.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/*
 * leak-map, leak-program: the first map or program of a case stays open. leave-pin: pins are not removed. leave-timer:
 * kept maps stay as a case leaves them. complain: the kernel's log gets a warning during a case that updates an
 * element, once an earlier case has deleted one.
 */
bool faulty(const char *name);

#endif

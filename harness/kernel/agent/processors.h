/* The processors of a guest. */
#ifndef PROCESSORS_H
#define PROCESSORS_H

/*
 * Brings up the processors that the kernel left alone at its start (maxcpus=1), and keeps this process, and so all that
 * it starts, on the last one. Where one does not come up, a step that names it fails with EINVAL.
 */
void processors_bring_up(void);

/* The processor for a program's run where the step names none; NO_INDEX where it may be any. */
int processors_default(void);

#endif

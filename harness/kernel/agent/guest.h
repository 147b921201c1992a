/* The agent as /init of a guest: cases come and answers go through memory shared with the host. */
#ifndef GUEST_H
#define GUEST_H

/* Never returns; what makes work impossible is printed on the console and ends the guest. */
void guest_run(void);

#endif

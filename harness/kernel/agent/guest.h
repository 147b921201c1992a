/* The agent as /init of a guest. */
#ifndef GUEST_H
#define GUEST_H

/*
 * Cases come and answers go through memory shared with the host. Never returns; what makes work impossible is printed on the console and ends the guest.
 */
void guest_run(void);

/* Speaks the protocol on a serial port, "ttyS1", and switches the machine off at its end. */
__attribute__((noreturn)) void guest_speak(const char *device);

#endif

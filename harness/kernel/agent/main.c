/*
 * The agent executes compiled scenarios on the kernel it runs on. As /init of a guest it gets them from its host;
 * otherwise, as an ordinary program, it speaks the protocol of docs/PROTOCOL.md on standard input and output; or as
 * /init on the serial port that TIMERCONF_PROTOCOL=ttyS1 on the kernel's command line names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guest.h"
#include "kernel_log.h"
#include "pins.h"
#include "protocol.h"

enum { DESCRIPTORS_MAX = 1 << 16 };

int main(int count, char **arguments)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit descriptors = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	if (count > 1 && getpid() != 1) {
		fprintf(stderr, "usage: %s  (speaks the protocol of docs/PROTOCOL.md on standard input and output, as root)\n", arguments[0]);
		return 2;
	}
	/* Kernels before 5.11 charge BPF memory to this limit; where it stays low, loads fail with -EPERM and say so. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	/* What is kept from case to case stays open. */
	setrlimit(RLIMIT_NOFILE, &descriptors);
	/* A sleep ends when it says, not up to 50 microseconds later. */
	prctl(PR_SET_TIMERSLACK, 1);
	pins_name_directory();
	if (getpid() == 1 && getenv("TIMERCONF_PROTOCOL"))
		guest_speak(getenv("TIMERCONF_PROTOCOL"));
	if (getpid() == 1)
		guest_run();
	pins_mount_file_system();
	kernel_log_open();
	return protocol_speak();
}

/*
 * The agent executes compiled scenarios on the kernel it runs on. As /init of a guest it gets them from its host;
 * otherwise, as an ordinary program, it speaks the protocol of docs/PROTOCOL.md on standard input and output; or as
 * /init on the serial port that TIMERCONF_PROTOCOL=ttyS1 on the kernel's command line names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crew.h"
#include "guest.h"
#include "kernel_log.h"
#include "pins.h"
#include "protocol.h"

enum { DESCRIPTORS_MAX = 1 << 16 };

/* How many cases at the same time the arguments ask for; 0 where they ask for something else. */
static int parallel_of(int count, char **arguments)
{
	int parallel;

	if (count == 1)
		return 1;
	if (count != 3 || strcmp(arguments[1], "--parallel"))
		return 0;
	parallel = atoi(arguments[2]);
	return parallel >= 1 && parallel <= CREW_MAX ? parallel : 0;
}

int main(int count, char **arguments)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit descriptors = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	int parallel = getpid() == 1 ? 1 : parallel_of(count, arguments);

	if (!parallel) {
		fprintf(stderr,
			"usage: %s [--parallel N]\n"
			"Speaks the protocol of docs/PROTOCOL.md on standard input and output, with up to %d cases at the same\n"
			"time. It has to be run as root.\n",
			arguments[0], CREW_MAX);
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
	return protocol_speak(parallel);
}

#define _GNU_SOURCE
#include "processors.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { PAUSES = 64, PAUSING_REST_NS = 50000 };

/* By then the kernel has done what it puts off until after its start; it was seen to take half a second. */
enum { CALM_S = 2 };

static bool are_several;

/*
 * QEMU, counting instructions, lets the last processor run only when those before it are idle or pause. Where the agent
 * works on the last one, timers fire in time on all.
 */
static void bind_to(long number)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(number, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		fprintf(stderr, "agent: sched_setaffinity: %s\n", strerror(errno));
}

/*
 * While QEMU counts instructions, it gives the next processor a turn only when one stops before its time is used up: at
 * a halt or a pause. Kernels before 6.5 wait for the new processor without either (do_boot_cpu, which calls schedule()
 * in a loop): somebody has to be there to be scheduled, and pause.
 */
static pid_t start_pausing(void)
{
	const struct timespec rest = { 0, PAUSING_REST_NS };
	pid_t child = fork();

	while (!child) {
		for (int i = 0; i < PAUSES; i++)
			__builtin_ia32_pause();
		/* A processor that is idle costs QEMU nothing, one that pauses much. */
		nanosleep(&rest, NULL);
	}
	return child;
}

static void bring_up(int fd, const char *path)
{
	pid_t pausing = start_pausing();

	if (write(fd, "1", 1) < 0)
		fprintf(stderr, "agent: %s: %s\n", path, strerror(errno));
	if (pausing > 0) {
		kill(pausing, SIGKILL);
		waitpid(pausing, NULL, 0);
	}
}

void processors_bring_up(void)
{
	long count = sysconf(_SC_NPROCESSORS_CONF);

	for (long number = 1; number < count; number++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/online", number);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0) {
			fprintf(stderr, "agent: %s: %s\n", path, strerror(errno));
			continue;
		}
		bring_up(fd, path);
		close(fd);
		bind_to(number);
		are_several = true;
	}
	if (are_several)
		sleep(CALM_S);
}

int processors_default(void)
{
	return are_several ? 0 : NO_INDEX;
}

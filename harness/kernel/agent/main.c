/*
 * The agent executes compiled scenarios on the kernel it runs on: one a JSON line in, one trace a JSON line out. As
 * /init of a guest it gets them from its host; otherwise, as an ordinary program, on standard input and output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "case.h"
#include "guest.h"
#include "kernel_log.h"
#include "pins.h"

enum { DESCRIPTORS_MAX = 1 << 16 };

static void answer_lines(void)
{
	struct text answer = { 0 };
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, stdin)) > 0) {
		if (line[length - 1] == '\n')
			length--;
		text_clear(&answer);
		case_answer(line, length, &answer);
		text_put(&answer, "\n");
		if (fwrite(answer.bytes, 1, answer.length, stdout) != answer.length || fflush(stdout)) {
			perror("agent: standard output");
			exit(1);
		}
	}
	free(line);
}

int main(int count, char **arguments)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit descriptors = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	if (count > 1 && getpid() != 1) {
		fprintf(stderr, "usage: %s  (compiled scenarios on standard input, a JSON line each)\n", arguments[0]);
		return 2;
	}
	/* Kernels before 5.11 charge BPF memory to this limit; where it stays low, loads fail with -EPERM and say so. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	/* What is kept from case to case stays open. */
	setrlimit(RLIMIT_NOFILE, &descriptors);
	/* A sleep ends when it says, not up to 50 microseconds later. */
	prctl(PR_SET_TIMERSLACK, 1);
	pins_name_directory();
	if (getpid() == 1)
		guest_run();
	kernel_log_open();
	answer_lines();
	return 0;
}

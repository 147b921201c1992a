#define _GNU_SOURCE
#include "crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel_log.h"
#include "pins.h"

enum { EXIT_CREW = 3 };

/* In memory that all share; NULL without a crew. */
static pthread_mutex_t *output;

/* Each idle process has written its number here. */
static int idle[2];
static FILE *inputs[CREW_MAX];

void crew_lock_output(void)
{
	if (output)
		pthread_mutex_lock(output);
}

void crew_unlock_output(void)
{
	if (output)
		pthread_mutex_unlock(output);
}

static void give_up(const char *what)
{
	perror(what);
	exit(EXIT_CREW);
}

static void share_output(void)
{
	pthread_mutexattr_t attributes;

	output = mmap(NULL, sizeof(*output), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (output == MAP_FAILED)
		give_up("agent: mmap");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(output, &attributes);
}

static void say_idle(uint8_t number)
{
	if (write(idle[1], &number, 1) != 1)
		give_up("agent: pipe");
}

static int work(uint8_t number, int fd, answer_line_function *answer_line)
{
	struct text answer = { 0 };
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	FILE *lines = fdopen(fd, "r");
	int status = 0;

	if (!lines)
		give_up("agent: fdopen");
	/* Pins have a directory of each process, and each reads what the kernel says from here on. */
	pins_name_directory();
	kernel_log_open();
	say_idle(number);
	while (!status && (length = getline(&line, &capacity, lines)) > 0) {
		status = answer_line(line, length, &answer);
		say_idle(number);
	}
	return status;
}

static void start(uint8_t number, answer_line_function *answer_line)
{
	int ends[2];
	pid_t child;

	if (pipe(ends))
		give_up("agent: pipe");
	child = fork();
	if (child < 0)
		give_up("agent: fork");
	if (!child) {
		for (uint8_t i = 0; i < number; i++)
			fclose(inputs[i]);
		close(ends[1]);
		close(idle[0]);
		_exit(work(number, ends[0], answer_line));
	}
	close(ends[0]);
	inputs[number] = fdopen(ends[1], "w");
	if (!inputs[number])
		give_up("agent: fdopen");
}

static void hand_over(const char *line, size_t length)
{
	uint8_t number;

	if (read(idle[0], &number, 1) != 1)
		give_up("agent: pipe");
	if (fwrite(line, 1, length, inputs[number]) != length || fflush(inputs[number]))
		give_up("agent: a process of its own has ended");
}

int crew_answer(int count, answer_line_function *answer_line)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	int status, worst = 0;

	share_output();
	signal(SIGPIPE, SIG_IGN);
	if (pipe(idle))
		give_up("agent: pipe");
	for (int i = 0; i < count; i++)
		start(i, answer_line);
	while ((length = getline(&line, &capacity, stdin)) > 0)
		hand_over(line, length);
	free(line);
	for (int i = 0; i < count; i++)
		fclose(inputs[i]);
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			worst = EXIT_CREW;
	return worst;
}

#include "case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "complaints.h"
#include "kernel_log.h"
#include "pins.h"
#include "steps.h"
#include "trace.h"

/*
 * How often and how long to wait for the kernel to free what a case has let go of: some of it waits for an RCU grace
 * period, of some milliseconds. Together at most 2 s.
 */
enum { FREE_POLLS_MAX = 128, FREE_POLL_FIRST_NS = 1000000, FREE_POLL_LAST_NS = 16000000 };

static struct scenario scenario;
static struct complaints complaints;
static char error_text[512];

struct stretch observe_bytes(struct observations *seen, const void *bytes, size_t length)
{
	struct stretch stretch = { seen->bytes_used, length };

	if (length > CASE_BYTES_MAX - seen->bytes_used)
		stretch.length = CASE_BYTES_MAX - seen->bytes_used;
	memcpy(seen->bytes + stretch.offset, bytes, stretch.length);
	seen->bytes_used += stretch.length;
	return stretch;
}

int observed_index(const struct observations *seen, bool is_program, uint32_t id)
{
	for (uint32_t i = 0; i < seen->object_count; i++)
		if (seen->objects[i].is_program == is_program && seen->objects[i].id == id)
			return seen->objects[i].index;
	return NO_INDEX;
}

static void complain(const char *line)
{
	if (complaints.count < COMPLAINTS_MAX)
		snprintf(complaints.lines[complaints.count++], COMPLAINT_BYTES_MAX, "%s", line);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/*
 * Ends a step. The clock is read before the log, so that whatever had happened by that time is among the records.
 */
static void finish_step(const struct process *process, struct outcome *outcome)
{
	struct observations *seen = process->seen;
	const struct outcome *before = seen->steps_done ? outcome - 1 : NULL;
	int records;

	outcome->time_ns = now_ns();
	outcome->first_record = before ? before->first_record + before->record_count : 0;
	records = log_map_read(&process->log, &seen->log, outcome->first_record);
	outcome->record_count = records > 0 ? records - outcome->first_record : 0;
	if (records < 0)
		seen->log_error = records;
	seen->steps_done++;
}

static void process_begin(struct process *process)
{
	memset(process->map_fd, -1, sizeof(process->map_fd));
	memset(process->program_fd, -1, sizeof(process->program_fd));
}

static void process_end(struct process *process)
{
	for (uint32_t i = 0; i < scenario.program_count; i++)
		if (process->program_fd[i] >= 0)
			close(process->program_fd[i]);
	for (uint32_t i = 0; i < scenario.map_count; i++)
		if (process->map_fd[i] >= 0)
			close(process->map_fd[i]);
}

/* Executes steps up to the next exit-process, or the end. */
static void process_act(struct process *process)
{
	struct observations *seen = process->seen;

	process_begin(process);
	while (seen->steps_done < scenario.step_count && scenario.steps[seen->steps_done].kind->execute) {
		const struct step *step = &scenario.steps[seen->steps_done];
		struct outcome *outcome = &seen->outcomes[seen->steps_done];

		*outcome = (struct outcome){ 0 };
		outcome->result = step->kind->execute(process, step, outcome);
		finish_step(process, outcome);
	}
}

/* Each stretch of steps in a process of its own, which ends with the descriptors it holds. */
static const char *act_in_processes(struct process *process)
{
	struct observations *seen = process->seen;

	while (seen->steps_done < scenario.step_count) {
		pid_t child = fork();
		int status;

		if (child < 0) {
			snprintf(error_text, sizeof(error_text), "fork: %s", strerror(errno));
			return error_text;
		}
		if (!child) {
			process_act(process);
			_exit(0);
		}
		/* By the time a child can be waited for, the kernel has closed its descriptors. */
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			snprintf(error_text, sizeof(error_text), "the acting process died in steps[%u], wait status 0x%x",
				 seen->steps_done, status);
			return error_text;
		}
		if (seen->steps_done < scenario.step_count) {
			struct outcome *outcome = &seen->outcomes[seen->steps_done];

			*outcome = (struct outcome){ 0 };
			finish_step(process, outcome);
		}
	}
	return NULL;
}

/* Waits until the kernel has none of the case's maps and programs left; what stays is complained about. */
static void wait_until_freed(const struct observations *seen)
{
	struct timespec poll = { 0, FREE_POLL_FIRST_NS };
	int polls_left = FREE_POLLS_MAX;

	for (uint32_t i = 0; i < seen->object_count; i++) {
		const struct kernel_object *object = &seen->objects[i];
		int fd;

		while (object->id && (fd = bpf_object_by_id(object->id, object->is_program)) >= 0) {
			close(fd);
			if (!polls_left) {
				char line[COMPLAINT_BYTES_MAX];

				snprintf(line, sizeof(line), "leaked %s %u",
					 object->is_program ? "program" : "map", object->index);
				complain(line);
				break;
			}
			polls_left--;
			nanosleep(&poll, NULL);
			if (poll.tv_nsec < FREE_POLL_LAST_NS)
				poll.tv_nsec *= 2;
		}
	}
}

static const char *refused(const char *what, int error, const char *log)
{
	snprintf(error_text, sizeof(error_text), "the kernel refuses the scenario's %s: %s%s%s", what, strerror(-error),
		 *log ? ": " : "", log);
	return error_text;
}

/* BTF and the log map belong to no acting process: they exist before the first step and outlive the last. */
static const char *holder_begin(struct process *process)
{
	static char log[256];
	int error;

	process->btf_fd = -1;
	process->log.fd = -1;
	if (scenario.btf.length) {
		process->btf_fd = bpf_btf_load(&scenario.btf, NULL, 0);
		if (process->btf_fd < 0) {
			log[0] = 0;
			bpf_btf_load(&scenario.btf, log, sizeof(log));
			return refused("BTF", process->btf_fd, log);
		}
	}
	error = log_map_open(&process->log, &scenario.maps[scenario.log_map]);
	if (!error)
		error = log_map_begin(&process->log, &scenario.parameters);
	return error ? refused("log map", error, "") : NULL;
}

static void holder_end(struct process *process)
{
	log_map_close(&process->log);
	if (process->btf_fd >= 0)
		close(process->btf_fd);
}

static const char *execute(struct process *process)
{
	const char *error;

	if (scenario.needs_process) {
		error = act_in_processes(process);
	} else {
		error = NULL;
		process_act(process);
		process_end(process);
	}
	if (process->seen->pinned)
		pins_remove(scenario.map_count, scenario.program_count);
	return error;
}

static void put_error(struct text *answer, const char *error)
{
	text_put(answer, "{\"error\":");
	text_json_string(answer, error, strlen(error));
	text_put(answer, "}");
}

void case_answer(const char *line, size_t length, struct text *answer)
{
	static struct observations *seen;
	struct process process = { .scenario = &scenario };
	const char *error = scenario_read(&scenario, line, length);
	uint32_t log_bytes;

	if (!error) {
		log_bytes = scenario.maps[scenario.log_map].value_size;
		if (!log_map_capacity(log_bytes) || log_bytes > sizeof(seen->log))
			error = "malformed scenario: the log map's valueSize has no room for parameters and some records";
	}
	if (error) {
		put_error(answer, error);
		return;
	}
	if (!seen) {
		seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (seen == MAP_FAILED) {
			perror("agent: mmap");
			abort();
		}
	}
	process.seen = seen;
	seen->steps_done = 0;
	seen->object_count = 0;
	memset(seen->program_id, 0, sizeof(seen->program_id));
	seen->pinned = false;
	seen->log.claimed = 0;
	seen->log_error = 0;
	seen->bytes_used = 0;
	complaints.count = 0;

	kernel_log_skip();
	error = holder_begin(&process);
	if (!error)
		error = execute(&process);
	if (!error && seen->log_error)
		error = refused("reading of the log map", seen->log_error, "");
	holder_end(&process);
	wait_until_freed(seen);
	kernel_log_complaints(complain);
	if (error)
		put_error(answer, error);
	else
		trace_put(answer, &scenario, seen, &complaints);
}

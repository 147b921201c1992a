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
#include "faults.h"
#include "kept.h"
#include "kernel_log.h"
#include "leftovers.h"
#include "pins.h"
#include "scenario_read.h"
#include "steps.h"
#include "trace.h"

static struct complaints complaints;
static char error_text[512];

static void complain(const char *line)
{
	if (complaints.count < COMPLAINTS_MAX)
		snprintf(complaints.lines[complaints.count++], COMPLAINT_BYTES_MAX, "%s", line);
}

static void complain_of(uint32_t number, const char *line)
{
	(void)number;
	complain(line);
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
	memset(&process->holds, -1, sizeof(process->holds));
}

static void close_all(const int *fds, uint32_t count, const char *fault)
{
	for (uint32_t i = 0; i < count; i++)
		if (fds[i] >= 0 && !(i == 0 && faulty(fault)))
			close(fds[i]);
}

static void process_end(const struct process *process)
{
	close_all(process->holds.program_fd, process->scenario->program_count, "leak-program");
	close_all(process->holds.map_fd, process->scenario->map_count, "leak-map");
}

/* Executes steps up to the next exit-process, or the end. */
static void process_act(struct process *process)
{
	const struct scenario *scenario = process->scenario;
	struct observations *seen = process->seen;

	process_begin(process);
	while (seen->steps_done < scenario->step_count && scenario->steps[seen->steps_done].kind->execute) {
		const struct step *step = &scenario->steps[seen->steps_done];
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

	while (seen->steps_done < process->scenario->step_count) {
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
		if (seen->steps_done < process->scenario->step_count) {
			struct outcome *outcome = &seen->outcomes[seen->steps_done];

			*outcome = (struct outcome){ 0 };
			finish_step(process, outcome);
		}
	}
	return NULL;
}

static const char *refused(const char *what, int error, const char *log)
{
	snprintf(error_text, sizeof(error_text), "the kernel refuses the scenario's %s: %s%s%s", what, strerror(-error),
		 *log ? ": " : "", log);
	return error_text;
}

/* A record that came to the log of kept programs when they were as good as new. */
static void find_leftover_timer(const struct kept *kept, struct log_contents *contents)
{
	char line[COMPLAINT_BYTES_MAX];

	if (log_map_read(&kept->log, contents, 0) <= 0)
		return;
	snprintf(line, sizeof(line), "left behind by the %s: a timer, which has fired since",
		 faulty("leave-timer") ? "agent" : "kernel");
	complain(line);
}

/* BTF and the log map belong to no acting process: they exist before the first step and outlive the last. */
static const char *holder_begin(struct process *process, const struct kept *reused)
{
	static char log[256];
	const struct scenario *scenario = process->scenario;
	int error = 0;

	if (process->btf_fd < 0 && scenario->btf.length) {
		process->btf_fd = bpf_btf_load(&scenario->btf, NULL, 0);
		if (process->btf_fd < 0) {
			log[0] = 0;
			bpf_btf_load(&scenario->btf, log, sizeof(log));
			return refused("BTF", process->btf_fd, log);
		}
	}
	if (reused) {
		find_leftover_timer(reused, &process->seen->log);
		process->log = reused->log;
		process->spare = &reused->objects;
	} else {
		error = log_map_open(&process->log, &scenario->maps[scenario->log_map]);
	}
	if (!error)
		error = log_map_begin(&process->log, &scenario->parameters);
	return error ? refused("log map", error, "") : NULL;
}

/* For tests of those who look for its cause: a warning that takes two cases. */
static void warn_deliberately(const struct scenario *scenario)
{
	static bool has_deleted;
	bool updates = false;
	FILE *log;

	for (uint32_t i = 0; i < scenario->step_count; i++) {
		has_deleted |= scenario->steps[i].kind == step_kind_find("delete");
		updates |= scenario->steps[i].kind == step_kind_find("update");
	}
	log = has_deleted && updates ? fopen("/dev/kmsg", "we") : NULL;
	if (log) {
		fputs("WARNING: a deliberate fault of the agent\n", log);
		fclose(log);
	}
}

static const char *execute(struct process *process)
{
	const struct scenario *scenario = process->scenario;
	const char *error = NULL;

	if (scenario->needs_process)
		error = act_in_processes(process);
	else
		process_act(process);
	if (faulty("complain"))
		warn_deliberately(scenario);
	return error;
}

/* Lets go of what a case made. */
static void let_go(struct process *process, uint32_t number)
{
	const struct observations *seen = process->seen;

	if (!process->scenario->needs_process)
		process_end(process);
	if (seen->pinned) {
		pins_remove(process->scenario->map_count, process->scenario->program_count);
		if (pins_exist())
			complain("left behind by the agent: a pin");
	}
	log_map_close(&process->log);
	for (uint32_t i = 0; i < seen->object_count; i++) {
		const struct kernel_object *object = &seen->objects[i];

		leftovers_expect(number, object->is_program, object->index, object->id);
	}
}

/* Keeps what the case has used or made, as good as new. False where it is not all. */
static bool keep(struct process *process, struct kept *kept, uint32_t number)
{
	const char *problem;

	if (!process->spare && !kept_take(kept, process))
		return false;
	problem = kept_renew(kept, number);
	if (problem)
		complain(problem);
	return true;
}

static void put_error(struct text *answer, const char *error)
{
	text_put(answer, "{\"error\":");
	text_json_string(answer, error, strlen(error));
	text_put(answer, "}");
}

/* The memory of observations, begun anew; NULL where the log map cannot be one. */
static struct observations *begin_observations(const struct scenario *scenario)
{
	static struct observations *seen;
	uint32_t log_bytes = scenario->maps[scenario->log_map].value_size;

	if (!seen) {
		seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (seen == MAP_FAILED) {
			perror("agent: mmap");
			abort();
		}
	}
	if (!log_map_capacity(log_bytes) || log_bytes > sizeof(seen->log))
		return NULL;
	seen->steps_done = 0;
	seen->object_count = 0;
	memset(seen->program_id, 0, sizeof(seen->program_id));
	seen->pinned = false;
	seen->log.claimed = 0;
	seen->log_error = 0;
	seen->bytes_used = 0;
	return seen;
}

/* `kept` is NULL where nothing is to stay. Appends the trace, or returns why there is none. */
static const char *answer_scenario(const struct scenario *scenario, struct kept *kept,
				   const struct case_request *request, struct text *answer)
{
	struct process process = { .scenario = scenario, .btf_fd = kept ? kept->btf_fd : -1, .log = { .fd = -1 } };
	const char *error;

	process.seen = begin_observations(scenario);
	if (!process.seen)
		return "malformed scenario: the log map's valueSize has no room for parameters and some records";
	complaints.count = 0;
	process_begin(&process);

	error = holder_begin(&process, request->keep_objects && kept->has_objects ? kept : NULL);
	if (!error)
		error = execute(&process);
	if (!error && process.seen->log_error)
		error = refused("reading of the log map", process.seen->log_error, "");
	if (error && process.spare)
		kept_drop_objects(kept, request->number);
	else if (error || !request->keep_objects || !keep(&process, kept, request->number))
		let_go(&process, request->number);
	if (kept)
		kept->btf_fd = process.btf_fd;
	else if (process.btf_fd >= 0)
		close(process.btf_fd);
	if (!kept)
		leftovers_wait(complain_of);
	kernel_log_complaints(complain);
	if (!error)
		trace_put(answer, scenario, process.seen, &complaints);
	return error;
}

const char *case_answer(struct json_object *document, size_t length, struct text *answer)
{
	static struct scenario scenario;
	const struct case_request alone = { 0 };
	const char *error = scenario_read(&scenario, document, length);

	return error ? error : answer_scenario(&scenario, NULL, &alone, answer);
}

/* Where time is observed to pass, the kernel should not be busy with what earlier cases have let go of. */
static bool lets_time_pass(const struct scenario *scenario)
{
	const struct step_kind *advance = step_kind_find("advance");

	for (uint32_t i = 0; i < scenario->step_count; i++)
		if (scenario->steps[i].kind == advance)
			return true;
	return false;
}

void case_answer_request(const struct case_request *request, struct text *answer, leftover_report *report)
{
	struct kept *kept = kept_find(request->slot);
	const char *error = NULL;

	if (!kept) {
		put_error(answer, "malformed request: there is no such slot");
		return;
	}
	if (request->shape_length) {
		kept_release(kept, request->number);
		error = scenario_read_shape(&kept->scenario, request->shape, request->shape_length);
		kept->is_read = !error;
	} else if (!kept->is_read) {
		error = "malformed request: there is no shape in its slot";
	}
	if (!error)
		error = scenario_read_steps(&kept->scenario, request->steps, request->steps_length);
	if (!error && lets_time_pass(&kept->scenario))
		leftovers_wait(report);
	if (!error)
		error = answer_scenario(&kept->scenario, kept, request, answer);
	if (error)
		put_error(answer, error);
}

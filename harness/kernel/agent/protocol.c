#define _GNU_SOURCE
#include "protocol.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "case.h"
#include "crew.h"
#include "text.h"

enum { PROTOCOL_VERSION = 1, EXIT_PROTOCOL = 2, EXIT_OUTPUT = 3 };

/* What the suite measures when it has started is added to this. */
enum { LATENESS_NS = 1000000 };

static int write_line(struct text *line)
{
	bool is_written;

	text_put(line, "\n");
	crew_lock_output();
	is_written = fwrite(line->bytes, 1, line->length, stdout) == line->length && !fflush(stdout);
	crew_unlock_output();
	if (is_written)
		return 0;
	perror("agent: standard output");
	return EXIT_OUTPUT;
}

static int say_hello(struct text *line, int parallel)
{
	struct utsname name;
	char release[16] = "";
	int major, minor;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) == 2)
		snprintf(release, sizeof(release), "%d.%d", major, minor);
	text_clear(line);
	text_put(line, "{\"protocol\":");
	text_integer(line, PROTOCOL_VERSION);
	text_put(line, ",\"name\":\"Linux\",\"version\":");
	text_json_string(line, name.release, strlen(name.release));
	if (*release) {
		text_put(line, ",\"linux\":");
		text_json_string(line, release, strlen(release));
	}
	text_put(line, ",\"executes\":true,\"verifies\":true,\"processors\":");
	text_integer(line, sysconf(_SC_NPROCESSORS_ONLN));
	text_put(line, ",\"clock\":{\"kind\":\"real\",\"latenessNs\":");
	text_integer(line, LATENESS_NS);
	text_put(line, "},\"parallel\":");
	text_integer(line, parallel);
	text_put(line, "}");
	return write_line(line);
}

static int check_greeting(const char *text)
{
	struct json_object *greeting = json_tokener_parse(text), *protocol = NULL;
	int version = 0;

	if (json_object_is_type(greeting, json_type_object) &&
	    json_object_object_get_ex(greeting, "protocol", &protocol))
		version = json_object_get_int(protocol);
	json_object_put(greeting);
	if (version == PROTOCOL_VERSION)
		return 0;
	fprintf(stderr, "agent: the other side speaks protocol %d, this is %d\n", version, PROTOCOL_VERSION);
	return EXIT_PROTOCOL;
}

/* The trace is put together apart: nobody is told half of one. */
static int answer(struct json_object *request, size_t length, struct text *line)
{
	struct json_object *id, *scenario;
	struct text trace = { 0 };
	const char *error;

	if (!json_object_is_type(request, json_type_object) || !json_object_object_get_ex(request, "id", &id) ||
	    !json_object_object_get_ex(request, "scenario", &scenario)) {
		fprintf(stderr, "agent: a line is no request: it has no id or no scenario\n");
		return EXIT_PROTOCOL;
	}
	error = case_answer(scenario, length, &trace);
	text_clear(line);
	text_put(line, "{\"id\":");
	text_integer(line, json_object_get_int64(id));
	text_put(line, error ? ",\"error\":" : ",\"trace\":");
	if (error)
		text_json_string(line, error, strlen(error));
	else
		text_append(line, trace.bytes, trace.length);
	text_put(line, "}");
	free(trace.bytes);
	return write_line(line);
}

static int answer_line(const char *text, size_t length, struct text *line)
{
	struct json_object *request = json_tokener_parse(text);
	int status = answer(request, length, line);

	json_object_put(request);
	return status;
}

static int answer_lines(struct text *line)
{
	char *input = NULL;
	size_t capacity = 0;
	ssize_t length;
	int status = 0;

	while (!status && (length = getline(&input, &capacity, stdin)) > 0)
		status = answer_line(input, length, line);
	free(input);
	return status;
}

int protocol_speak(int parallel)
{
	struct text line = { 0 };
	char *greeting = NULL;
	size_t capacity = 0;
	int status = say_hello(&line, parallel);

	if (!status && getline(&greeting, &capacity, stdin) > 0)
		status = check_greeting(greeting);
	free(greeting);
	if (!status)
		status = parallel > 1 ? crew_answer(parallel, answer_line) : answer_lines(&line);
	return status;
}

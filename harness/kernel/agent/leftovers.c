#include "leftovers.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "complaints.h"
#include "scenario.h"

/*
 * How often and how long to wait for the kernel to free what a case has let go of: some of it waits for an RCU grace
 * period, of some milliseconds. Together at most 2 s.
 */
enum { FREE_POLLS_MAX = 1000, FREE_POLL_NS = 2000000 };

/* Of many cases at once: each makes a handful, and never more than it has steps. */
enum { EXPECTED_MAX = 4 * STEPS_MAX };

/* A map or program that should go. */
struct expected {
	uint32_t number; /* of its case */
	uint32_t index;
	uint32_t id;
	bool is_program;
};

static struct expected expected[EXPECTED_MAX];
static uint32_t expected_count;

static const char descriptors[] = "/proc/self/fdinfo";

/* Whether a line of the description of one of our descriptors says that it is of this object. */
static bool describes(const char *path, const char *wanted)
{
	FILE *info = fopen(path, "re");
	char line[128];
	bool found = false;

	while (info && !found && fgets(line, sizeof(line), info))
		found = !strcmp(line, wanted);
	if (info)
		fclose(info);
	return found;
}

static bool is_open(const struct expected *object)
{
	DIR *directory = opendir(descriptors);
	struct dirent *entry;
	char path[sizeof(descriptors) + sizeof(entry->d_name)], wanted[32];
	bool found = false;

	snprintf(wanted, sizeof(wanted), "%s_id:\t%u\n", object->is_program ? "prog" : "map", object->id);
	while (directory && !found && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", descriptors, entry->d_name);
		found = entry->d_name[0] != '.' && describes(path, wanted);
	}
	if (directory)
		closedir(directory);
	return found;
}

/* Whether the agent still holds the object, or, for a map, a program of its case, which may hold it. */
static bool agent_holds(const struct expected *object)
{
	bool found = is_open(object);

	for (uint32_t i = 0; i < expected_count && !object->is_program && !found; i++)
		found = expected[i].is_program && expected[i].number == object->number && is_open(&expected[i]);
	return found;
}

static bool exists(const struct expected *object)
{
	int fd = bpf_object_by_id(object->id, object->is_program);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void leftovers_expect(uint32_t number, bool is_program, uint32_t index, uint32_t id)
{
	if (id && expected_count < EXPECTED_MAX)
		expected[expected_count++] = (struct expected){ number, index, id, is_program };
}

void leftovers_wait(leftover_report *report)
{
	const struct timespec poll = { 0, FREE_POLL_NS };
	int polls_left = FREE_POLLS_MAX;
	char line[COMPLAINT_BYTES_MAX];

	for (uint32_t i = 0; i < expected_count; i++) {
		const struct expected *object = &expected[i];

		while (exists(object)) {
			if (!polls_left) {
				snprintf(line, sizeof(line), "left behind by the %s: %s %u",
					 agent_holds(object) ? "agent" : "kernel",
					 object->is_program ? "program" : "map", object->index);
				report(object->number, line);
				break;
			}
			polls_left--;
			nanosleep(&poll, NULL);
		}
	}
	expected_count = 0;
}

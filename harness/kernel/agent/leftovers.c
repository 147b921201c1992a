#include "leftovers.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "complaints.h"
#include "pins.h"

/*
 * How often and how long to wait for the kernel to free what a case has let go of: some of it waits for an RCU grace
 * period, of some milliseconds. Together at most 2 s.
 */
enum { FREE_POLLS_MAX = 128, FREE_POLL_FIRST_NS = 1000000, FREE_POLL_LAST_NS = 16000000 };

static const char descriptors[] = "/proc/self/fdinfo";

/* Whether a line of the description of one of our descriptors says that it is of this object. */
static bool describes(const char *path, const char *expected)
{
	FILE *info = fopen(path, "re");
	char line[128];
	bool found = false;

	while (info && !found && fgets(line, sizeof(line), info))
		found = !strcmp(line, expected);
	if (info)
		fclose(info);
	return found;
}

static bool is_open(const struct kernel_object *object)
{
	DIR *directory = opendir(descriptors);
	struct dirent *entry;
	char path[sizeof(descriptors) + sizeof(entry->d_name)], expected[32];
	bool found = false;

	snprintf(expected, sizeof(expected), "%s_id:\t%u\n", object->is_program ? "prog" : "map", object->id);
	while (directory && !found && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", descriptors, entry->d_name);
		found = entry->d_name[0] != '.' && describes(path, expected);
	}
	if (directory)
		closedir(directory);
	return found;
}

/* Whether the agent still holds the object, or, for a map, a program of the case, which may hold it. */
static bool agent_holds(const struct observations *seen, const struct kernel_object *object)
{
	bool found = is_open(object);

	for (uint32_t i = 0; i < seen->object_count && !object->is_program && !found; i++)
		found = seen->objects[i].is_program && is_open(&seen->objects[i]);
	return found;
}

void leftovers_find(const struct observations *seen, void (*complain)(const char *line))
{
	struct timespec poll = { 0, FREE_POLL_FIRST_NS };
	int polls_left = FREE_POLLS_MAX;
	char line[COMPLAINT_BYTES_MAX];

	for (uint32_t i = 0; i < seen->object_count; i++) {
		const struct kernel_object *object = &seen->objects[i];
		int fd;

		while (object->id && (fd = bpf_object_by_id(object->id, object->is_program)) >= 0) {
			close(fd);
			if (!polls_left) {
				snprintf(line, sizeof(line), "left behind by the %s: %s %u",
					 agent_holds(seen, object) ? "agent" : "kernel",
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
	if (seen->pinned && pins_exist())
		complain("left behind by the agent: a pin");
}

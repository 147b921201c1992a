#include "pins.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

static char directory[64];

const char *pins_path(bool is_program, uint32_t index)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s%u", directory, is_program ? "program" : "map", index);
	return path;
}

void pins_name_directory(void)
{
	snprintf(directory, sizeof(directory), "/sys/fs/bpf/bpf-timer-conformance-%d", (int)getpid());
}

int pins_make_directory(void)
{
	return mkdir(directory, 0700) && errno != EEXIST ? -errno : 0;
}

void pins_remove(uint32_t map_count, uint32_t program_count)
{
	if (faulty("leave-pin"))
		return;
	for (uint32_t i = 0; i < map_count; i++)
		unlink(pins_path(false, i));
	for (uint32_t i = 0; i < program_count; i++)
		unlink(pins_path(true, i));
	rmdir(directory);
}

bool pins_exist(void)
{
	return !access(directory, F_OK);
}

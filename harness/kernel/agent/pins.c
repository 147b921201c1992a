#define _GNU_SOURCE
#include "pins.h"

#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "faults.h"

static const char file_system[] = "/sys/fs/bpf";
static char directory[64];

const char *pins_path(bool is_program, uint32_t index)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s%u", directory, is_program ? "program" : "map", index);
	return path;
}

void pins_name_directory(void)
{
	snprintf(directory, sizeof(directory), "%s/bpf-timer-conformance-%d", file_system, (int)getpid());
}

void pins_mount_file_system(void)
{
	struct statfs status;

	if (!statfs(file_system, &status) && status.f_type == BPF_FS_MAGIC)
		return;
	/* In a mount namespace of our own: the machine stays as it was. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", file_system, "bpf", 0, NULL))
		fprintf(stderr, "agent: there is no bpffs on %s: %s\n", file_system, strerror(errno));
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

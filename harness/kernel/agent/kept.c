#include "kept.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "faults.h"
#include "leftovers.h"

static char problem[128];

struct kept *kept_find(uint32_t slot)
{
	static struct kept *all[KEPT_MAX];

	if (slot >= KEPT_MAX)
		return NULL;
	if (!all[slot]) {
		all[slot] = calloc(1, sizeof(*all[slot]));
		if (all[slot])
			all[slot]->btf_fd = -1;
	}
	return all[slot];
}

static void close_all(const int *fds, uint32_t count, bool are_programs, uint32_t number)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fds[i] < 0)
			continue;
		leftovers_expect(number, are_programs, i, bpf_object_id(fds[i]));
		close(fds[i]);
	}
}

void kept_drop_objects(struct kept *kept, uint32_t number)
{
	if (!kept->has_objects)
		return;
	kept->has_objects = false;
	close_all(kept->objects.program_fd, kept->scenario.program_count, true, number);
	close_all(kept->objects.map_fd, kept->scenario.map_count, false, number);
	log_map_close(&kept->log);
}

void kept_release(struct kept *kept, uint32_t number)
{
	kept_drop_objects(kept, number);
	if (kept->btf_fd >= 0)
		close(kept->btf_fd);
	kept->btf_fd = -1;
	kept->is_read = false;
}

bool kept_take(struct kept *kept, struct process *process)
{
	const struct scenario *scenario = process->scenario;

	for (uint32_t i = 0; i < scenario->map_count; i++)
		if (i != scenario->log_map && process->holds.map_fd[i] < 0)
			return false;
	for (uint32_t i = 0; i < scenario->program_count; i++)
		if (process->holds.program_fd[i] < 0)
			return false;
	kept->has_objects = true;
	kept->log = process->log;
	kept->objects = process->holds;
	for (uint32_t i = 0; i < scenario->map_count; i++)
		kept->map_id[i] = process->holds.map_fd[i] < 0 ? 0 : bpf_object_id(process->holds.map_fd[i]);
	process->log = (struct log_map){ .fd = -1 };
	memset(&process->holds, -1, sizeof(process->holds));
	return true;
}

static const char *fail(const char *what, uint32_t map, int error)
{
	snprintf(problem, sizeof(problem), "map %u cannot be used again: %s: %s", map, what, strerror(-error));
	return problem;
}

/* Closing the only descriptor of a map drops its last user reference; its programs keep the map itself. */
static int drop_user_reference(int *fd, uint32_t id)
{
	close(*fd);
	*fd = bpf_object_by_id(id, false);
	return *fd < 0 ? *fd : 0;
}

/* As user space sees a new map: an array with zeros in every element, any other without elements. */
static int check_empty(int fd, const struct map_spec *spec, const uint8_t *zeros, uint8_t *value)
{
	for (uint32_t key = 0; key < spec->max_entries && spec->type == BPF_MAP_TYPE_ARRAY; key++) {
		int error = bpf_map_lookup(fd, &key, value);

		if (error)
			return error;
		if (memcmp(value, zeros, spec->value_size))
			return -EEXIST;
	}
	if (spec->type != BPF_MAP_TYPE_ARRAY) {
		uint32_t key;
		int error = bpf_map_next_key(fd, NULL, &key);

		if (error != -ENOENT)
			return error ? error : -EEXIST;
	}
	return 0;
}

static int empty(int fd, const struct map_spec *spec, const uint8_t *zeros)
{
	uint32_t key;
	int error = 0;

	if (spec->type == BPF_MAP_TYPE_ARRAY) {
		for (key = 0; key < spec->max_entries && !error; key++)
			error = bpf_map_update(fd, &key, zeros, BPF_ANY);
		return error;
	}
	while (!error && !bpf_map_next_key(fd, NULL, &key))
		error = bpf_map_delete(fd, &key);
	return error;
}

static const char *renew_maps(struct kept *kept)
{
	const struct scenario *scenario = &kept->scenario;
	int error;

	/* All timers first: a callback of one map may write to another. */
	for (uint32_t i = 0; i < scenario->map_count; i++) {
		if (kept->objects.map_fd[i] < 0)
			continue;
		error = drop_user_reference(&kept->objects.map_fd[i], kept->map_id[i]);
		if (error)
			return fail("it cannot be opened by its id", i, error);
	}
	for (uint32_t i = 0; i < scenario->map_count; i++) {
		const struct map_spec *spec = &scenario->maps[i];
		uint8_t *bytes;

		if (kept->objects.map_fd[i] < 0)
			continue;
		bytes = calloc(2, spec->value_size);
		if (!bytes)
			return fail("its values", i, -ENOMEM);
		error = empty(kept->objects.map_fd[i], spec, bytes);
		if (!error)
			error = check_empty(kept->objects.map_fd[i], spec, bytes, bytes + spec->value_size);
		free(bytes);
		if (error)
			return fail("it cannot be emptied", i, error);
	}
	return NULL;
}

const char *kept_renew(struct kept *kept, uint32_t number)
{
	const struct bytes nothing = { NULL, 0 };
	const char *error = faulty("leave-timer") ? NULL : renew_maps(kept);
	int log_error = error ? 0 : log_map_begin(&kept->log, &nothing);

	if (log_error)
		error = fail("it cannot be emptied", kept->scenario.log_map, log_error);
	if (error)
		kept_drop_objects(kept, number);
	return error;
}

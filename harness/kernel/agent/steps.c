#define _GNU_SOURCE
#include "steps.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "pins.h"
#include "processors.h"
#include "program_load.h"

enum { TEST_RUN_BYTES_MAX = UINT16_MAX, CPUS_MAX = 1024 };

/* A process holds at most one descriptor of each object: a further one takes the place of the one before. */
static int hold(int *slot, int fd)
{
	if (fd < 0)
		return fd;
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
	return 0;
}

static void observe_object(struct process *process, bool is_program, uint32_t index, int fd)
{
	struct observations *seen = process->seen;
	uint32_t id = bpf_object_id(fd);

	if (is_program)
		seen->program_id[index] = id;
	seen->objects[seen->object_count++] = (struct kernel_object){ is_program, index, id };
}

static int create_map(struct process *process, const struct step *step, struct outcome *outcome)
{
	const struct map_spec *spec = &process->scenario->maps[step->target];
	int inner = spec->inner_map == NO_INDEX ? -1 : process->holds.map_fd[spec->inner_map];
	int fd;

	(void)outcome;
	if (process->spare && process->spare->map_fd[step->target] >= 0) {
		process->holds.map_fd[step->target] = process->spare->map_fd[step->target];
		return 0;
	}
	if (spec->inner_map != NO_INDEX && inner < 0)
		return -EBADF;
	fd = bpf_map_create(spec, process->btf_fd, inner);
	if (fd >= 0)
		observe_object(process, false, step->target, fd);
	return hold(&process->holds.map_fd[step->target], fd);
}

static int load_program(struct process *process, const struct step *step, struct outcome *outcome)
{
	const char *message = "";
	int fd;

	if (process->spare && process->spare->program_fd[step->target] >= 0) {
		if (!program_has_maps(process, step->target))
			return -EBADF;
		process->holds.program_fd[step->target] = process->spare->program_fd[step->target];
		return 0;
	}
	fd = program_load(process, step->target, &message);
	outcome->message = observe_bytes(process->seen, message, strlen(message));
	if (fd >= 0)
		observe_object(process, true, step->target, fd);
	return hold(&process->holds.program_fd[step->target], fd);
}

static int run(struct process *process, const struct step *step, struct outcome *outcome)
{
	/* An Ethernet frame of IPv4 with nothing filled in. */
	static const uint8_t packet[TEST_RUN_BYTES_MAX] = { [12] = 0x08, [13] = 0x00 };
	int fd = process->holds.program_fd[step->target], result;
	int cpu = step->cpu == NO_INDEX ? processors_default() : step->cpu;
	cpu_set_t before, only;
	uint32_t return_value;

	if (fd < 0)
		return -EBADF;
	if (cpu != NO_INDEX) {
		CPU_ZERO(&only);
		CPU_SET(cpu, &only);
		if (sched_getaffinity(0, sizeof(before), &before) || sched_setaffinity(0, sizeof(only), &only))
			return -errno;
	}
	result = bpf_program_run(fd, packet, process->scenario->programs[step->target].test_run_bytes, &return_value);
	if (cpu != NO_INDEX && sched_setaffinity(0, sizeof(before), &before))
		return -errno;
	if (!result) {
		outcome->has_return_value = true;
		outcome->return_value = (int32_t)return_value;
	}
	return result;
}

static int advance(struct process *process, const struct step *step, struct outcome *outcome)
{
	struct timespec until;
	uint64_t ns;

	(void)process;
	(void)outcome;
	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec + step->ns % 1000000000;
	until.tv_sec += step->ns / 1000000000 + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* How many CPUs a per-CPU map has values for: the highest number in the kernel's list, and one. */
static uint32_t possible_cpus(void)
{
	static uint32_t count;
	FILE *list;
	int c;

	if (count)
		return count;
	list = fopen("/sys/devices/system/cpu/possible", "re");
	if (list) {
		uint32_t number = 0;

		while ((c = fgetc(list)) != EOF && c != '\n')
			number = c >= '0' && c <= '9' ? number * 10 + (c - '0') : 0;
		fclose(list);
		count = number + 1 < CPUS_MAX ? number + 1 : CPUS_MAX;
	} else {
		count = sysconf(_SC_NPROCESSORS_CONF);
	}
	return count;
}

static bool is_per_cpu(const struct map_spec *spec)
{
	return spec->type == BPF_MAP_TYPE_PERCPU_ARRAY || spec->type == BPF_MAP_TYPE_PERCPU_HASH ||
	       spec->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_outer(const struct map_spec *spec)
{
	return spec->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || spec->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* A buffer for one element, as user space hands it in and gets it: of a per-CPU map, the values of all CPUs. */
struct element {
	uint8_t *value;
	uint32_t stride;
	uint32_t copies;
};

static int element_open(struct element *element, const struct map_spec *spec)
{
	element->stride = is_per_cpu(spec) ? (spec->value_size + 7) & ~7u : spec->value_size;
	element->copies = is_per_cpu(spec) ? possible_cpus() : 1;
	element->value = calloc(element->copies, element->stride + sizeof(uint32_t));
	return element->value ? 0 : -ENOMEM;
}

static int update(struct process *process, const struct step *step, struct outcome *outcome)
{
	const struct map_spec *spec = &process->scenario->maps[step->target];
	int fd = process->holds.map_fd[step->target], value_fd, result;
	struct element element;

	(void)outcome;
	if (fd < 0)
		return -EBADF;
	if (element_open(&element, spec))
		return -ENOMEM;
	if (step->value_map == NO_INDEX) {
		for (uint32_t i = 0; i < element.copies; i++)
			memcpy(element.value + i * element.stride, step->value.data, step->value.length);
		result = bpf_map_update(fd, step->key.data, element.value, step->flags);
	} else {
		value_fd = process->holds.map_fd[step->value_map];
		memcpy(element.value, &value_fd, sizeof(value_fd));
		result = value_fd < 0 ? -EBADF : bpf_map_update(fd, step->key.data, element.value, step->flags);
	}
	free(element.value);
	return result;
}

static int delete(struct process *process, const struct step *step, struct outcome *outcome)
{
	int fd = process->holds.map_fd[step->target];

	(void)outcome;
	return fd < 0 ? -EBADF : bpf_map_delete(fd, step->key.data);
}

static int lookup(struct process *process, const struct step *step, struct outcome *outcome)
{
	const struct map_spec *spec = &process->scenario->maps[step->target];
	int fd = process->holds.map_fd[step->target], result, inner;
	struct element element;
	uint32_t id;

	if (fd < 0)
		return -EBADF;
	if (element_open(&element, spec))
		return -ENOMEM;
	result = bpf_map_lookup(fd, step->key.data, element.value);
	if (!result) {
		/* The id of an inner map differs from run to run: the index in the scenario stands for it. */
		memcpy(&id, element.value, sizeof(id));
		inner = is_outer(spec) ? observed_index(process->seen, false, id) : NO_INDEX;
		if (inner != NO_INDEX)
			memcpy(element.value, &inner, sizeof(inner));
		outcome->has_value = true;
		outcome->value = observe_bytes(process->seen, element.value, element.copies * element.stride);
	}
	free(element.value);
	return result;
}

static int let_go(int *slot)
{
	int fd = *slot;

	*slot = -1;
	if (fd < 0)
		return -EBADF;
	return close(fd) ? -errno : 0;
}

static int close_map(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return let_go(&process->holds.map_fd[step->target]);
}

static int close_program(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return let_go(&process->holds.program_fd[step->target]);
}

static int pin(struct process *process, bool is_program, uint32_t index, int fd)
{
	int error;

	if (fd < 0)
		return -EBADF;
	process->seen->pinned = true;
	error = pins_make_directory();
	return error ? error : bpf_object_pin(fd, pins_path(is_program, index));
}

static int pin_map(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return pin(process, false, step->target, process->holds.map_fd[step->target]);
}

static int pin_program(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return pin(process, true, step->target, process->holds.program_fd[step->target]);
}

static int unpin_map(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)process;
	(void)outcome;
	return unlink(pins_path(false, step->target)) ? -errno : 0;
}

static int unpin_program(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)process;
	(void)outcome;
	return unlink(pins_path(true, step->target)) ? -errno : 0;
}

static int open_pin(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return hold(&process->holds.map_fd[step->target], bpf_object_get(pins_path(false, step->target)));
}

static int open_program_pin(struct process *process, const struct step *step, struct outcome *outcome)
{
	(void)outcome;
	return hold(&process->holds.program_fd[step->target], bpf_object_get(pins_path(true, step->target)));
}

static int find_program(struct process *process, const struct step *step, struct outcome *outcome)
{
	uint32_t id = process->seen->program_id[step->target];
	int fd = id ? bpf_object_by_id(id, true) : -ENOENT;

	(void)outcome;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int drop_capability(struct process *process, const struct step *step, struct outcome *outcome)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	static const unsigned int dropped[] = { CAP_BPF, CAP_SYS_ADMIN };

	(void)process;
	(void)step;
	(void)outcome;
	if (syscall(SYS_capget, &header, sets))
		return -errno;
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		sets[CAP_TO_INDEX(dropped[i])].effective &= ~CAP_TO_MASK(dropped[i]);
		sets[CAP_TO_INDEX(dropped[i])].permitted &= ~CAP_TO_MASK(dropped[i]);
	}
	return syscall(SYS_capset, &header, sets) ? -errno : 0;
}

static const struct step_kind kinds[] = {
	{ "create-map", TARGET_MAP, 0, create_map },
	{ "load-program", TARGET_PROGRAM, 0, load_program },
	{ "run", TARGET_PROGRAM, FIELD_CPU, run },
	{ "advance", TARGET_NONE, FIELD_NS, advance },
	{ "update", TARGET_MAP, FIELD_KEY | FIELD_VALUE | FIELD_FLAGS, update },
	{ "delete", TARGET_MAP, FIELD_KEY, delete },
	{ "lookup", TARGET_MAP, FIELD_KEY, lookup },
	{ "close-map", TARGET_MAP, 0, close_map },
	{ "close-program", TARGET_PROGRAM, 0, close_program },
	{ "pin-map", TARGET_MAP, 0, pin_map },
	{ "unpin-map", TARGET_MAP, 0, unpin_map },
	{ "open-pin", TARGET_MAP, 0, open_pin },
	{ "pin-program", TARGET_PROGRAM, 0, pin_program },
	{ "unpin-program", TARGET_PROGRAM, 0, unpin_program },
	{ "open-program-pin", TARGET_PROGRAM, 0, open_program_pin },
	{ "find-program", TARGET_PROGRAM, 0, find_program },
	{ "exit-process", TARGET_NONE, 0, NULL, true },
	{ "drop-capability", TARGET_NONE, 0, drop_capability, true },
};

const struct step_kind *step_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

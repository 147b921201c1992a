/*
 * Cases as a bare loop of system calls, each from nothing: what a guest can do at most without keeping anything. The
 * cases are those that the harness runs; bench/bare-cases.ts writes them to cases.h.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct blob {
	int from, length;
};

struct bare_map {
	unsigned int type, value_size, max_entries, flags, key_type, value_type;
};

struct bare_program {
	unsigned int type, attach_type, flags, packet_size;
	struct blob instructions, relocations, functions;
};

struct bare_step {
	int kind, target;
	unsigned int key;
	struct blob value;
	unsigned long flags;
};

struct bare_case {
	struct blob btf, parameters;
	int log_value_size;
	int first_map, map_count, first_program, program_count, first_step, step_count;
};

#include "cases.h"

enum { CREATE_MAP, LOAD_PROGRAM, RUN, UPDATE, DELETE, LOOKUP, OBJECTS_MAX = 64, BYTES_MAX = 1 << 16 };

static int map_fd[OBJECTS_MAX], program_fd[OBJECTS_MAX], log_fd;
static unsigned char bytes[BYTES_MAX] __attribute__((aligned(8)));

/* What must not fail; a step of a case may. */
static int bpf(int command, union bpf_attr *attr)
{
	int result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (result < 0)
		printf("FAILED command %d\n", command);
	return result;
}

static unsigned long at(const struct blob *blob)
{
	return (unsigned long)(blobs + blob->from);
}

static int create_map(const struct bare_map *map, int btf)
{
	union bpf_attr attr = { .map_type = map->type, .key_size = 4, .value_size = map->value_size };

	attr.max_entries = map->max_entries;
	attr.map_flags = map->flags;
	attr.btf_fd = map->value_type ? btf : 0;
	attr.btf_key_type_id = map->key_type;
	attr.btf_value_type_id = map->value_type;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int load_program(const struct bare_program *program, int btf)
{
	union bpf_attr attr = { .prog_type = program->type, .expected_attach_type = program->attach_type };
	const int *relocations = (const int *)at(&program->relocations);

	memcpy(bytes, (const void *)at(&program->instructions), program->instructions.length);
	for (unsigned int i = 0; i < program->relocations.length / sizeof(int); i += 2)
		*(int *)(bytes + relocations[i]) = relocations[i + 1] < 0 ? log_fd : map_fd[relocations[i + 1]];
	attr.prog_flags = program->flags;
	attr.insns = (unsigned long)bytes;
	attr.insn_cnt = program->instructions.length / sizeof(struct bpf_insn);
	attr.license = (unsigned long)"GPL";
	attr.prog_btf_fd = btf;
	attr.func_info = at(&program->functions);
	attr.func_info_cnt = program->functions.length / sizeof(struct bpf_func_info);
	attr.func_info_rec_size = sizeof(struct bpf_func_info);
	return bpf(BPF_PROG_LOAD, &attr);
}

static void run(int fd, unsigned int packet_size)
{
	static unsigned char packet[BYTES_MAX];
	union bpf_attr attr = { .test.prog_fd = fd, .test.data_size_in = packet_size };

	attr.test.data_in = packet_size ? (unsigned long)packet : 0;
	bpf(BPF_PROG_TEST_RUN, &attr);
}

static void element(int command, int fd, unsigned int key, const void *value, unsigned long flags)
{
	union bpf_attr attr = { .map_fd = fd, .key = (unsigned long)&key, .value = (unsigned long)value, .flags = flags };

	/* An element may be missing, or not be deletable. */
	syscall(SYS_bpf, command, &attr, sizeof(attr));
}

static void one_case(const struct bare_case *bare)
{
	union bpf_attr attr = { .btf = at(&bare->btf), .btf_size = bare->btf.length };
	struct bare_map log_map = { BPF_MAP_TYPE_ARRAY, bare->log_value_size, 1 };
	int btf = bpf(BPF_BTF_LOAD, &attr);

	log_fd = create_map(&log_map, btf);
	memset(bytes, 0, bare->log_value_size);
	memcpy(bytes + 8, (const void *)at(&bare->parameters), bare->parameters.length);
	element(BPF_MAP_UPDATE_ELEM, log_fd, 0, bytes, 0);
	for (const struct bare_step *step = steps + bare->first_step; step < steps + bare->first_step + bare->step_count;
	     step++) {
		const struct bare_program *program = programs + bare->first_program + step->target;

		if (step->kind == CREATE_MAP)
			map_fd[step->target] = create_map(maps + bare->first_map + step->target, btf);
		else if (step->kind == LOAD_PROGRAM)
			program_fd[step->target] = load_program(program, btf);
		else if (step->kind == RUN)
			run(program_fd[step->target], program->packet_size);
		else if (step->kind == UPDATE)
			element(BPF_MAP_UPDATE_ELEM, map_fd[step->target], step->key, (void *)at(&step->value), step->flags);
		else if (step->kind == DELETE)
			element(BPF_MAP_DELETE_ELEM, map_fd[step->target], step->key, NULL, 0);
		else
			element(BPF_MAP_LOOKUP_ELEM, map_fd[step->target], step->key, bytes, 0);
	}
	element(BPF_MAP_LOOKUP_ELEM, log_fd, 0, bytes, 0);
	for (int i = 0; i < bare->program_count; i++)
		close(program_fd[i]);
	for (int i = 0; i < bare->map_count; i++)
		close(map_fd[i]);
	close(log_fd);
	close(btf);
}

static void mark(const char *text)
{
	printf("MARK %s\n", text);
	fflush(stdout);
}

int main(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int count = sizeof(cases) / sizeof(cases[0]);

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	for (int i = 0; i < WARM_UP; i++)
		one_case(&cases[i % count]);
	mark("start");
	for (int i = 0; i < count; i++)
		one_case(&cases[i]);
	mark("end");
	reboot(RB_AUTOBOOT);
}

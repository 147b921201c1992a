#include "program_load.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_syscall.h"
#include "vmlinux_btf.h"

static char verifier_log[1 << 20];
enum { MESSAGE_BYTES_MAX = 1024 };

static char message_text[MESSAGE_BYTES_MAX];

__attribute__((format(printf, 1, 0))) static void note(const char *format, const char *kind, const char *name)
{
	size_t length = strlen(message_text);

	snprintf(message_text + length, sizeof(message_text) - length, format, kind, name);
}

/* The kernel's id of a type, 0 where it has none: then the kernel, which knows no type 0, gives its own answer. */
static uint32_t kernel_type(const char *kind, const char *name)
{
	uint32_t id = vmlinux_btf_find(kind, name);

	if (!id)
		note("the kernel's BTF has no %s %s\n", kind, name);
	return id;
}

static int map_fd(const struct process *process, uint32_t map)
{
	return map == process->scenario->log_map ? process->log.fd : process->holds.map_fd[map];
}

bool program_has_maps(const struct process *process, uint32_t index)
{
	const struct program_spec *spec = &process->scenario->programs[index];

	for (uint32_t i = 0; i < spec->relocation_count; i++)
		if (!spec->relocations[i].kfunc && map_fd(process, spec->relocations[i].map) < 0)
			return false;
	return true;
}

/* Returns 0, or -EBADF where the process lacks a map's descriptor. */
static int relocate(const struct process *process, const struct program_spec *spec, struct bpf_insn *instructions)
{
	for (uint32_t i = 0; i < spec->relocation_count; i++) {
		const struct relocation *relocation = &spec->relocations[i];
		struct bpf_insn *instruction = &instructions[relocation->instruction];
		int fd;

		if (relocation->kfunc) {
			instruction->imm = kernel_type("func", relocation->kfunc);
			instruction->off = 0;
			continue;
		}
		fd = map_fd(process, relocation->map);
		if (fd < 0)
			return -EBADF;
		instruction->imm = fd;
	}
	return 0;
}

/* Keeps the last lines of the log, as many as fit, behind what was noted before. */
static void keep_end_of_log(const char *log)
{
	size_t length = strlen(log), noted = strlen(message_text), room = sizeof(message_text) - 1 - noted;
	const char *from = log;

	while (length && log[length - 1] == '\n')
		length--;
	if (length > room) {
		from = log + length - room;
		while (from < log + length && from[-1] != '\n')
			from++;
	}
	memcpy(message_text + noted, from, log + length - from);
	message_text[noted + (log + length - from)] = 0;
}

int program_load(struct process *process, uint32_t index, const char **message)
{
	const struct program_spec *spec = &process->scenario->programs[index];
	struct program_load load = { .spec = spec, .btf_fd = process->btf_fd };
	struct bpf_insn *instructions;
	int fd, again;

	message_text[0] = 0;
	*message = message_text;
	instructions = malloc(spec->instructions.length + 1);
	if (!instructions)
		return -ENOMEM;
	memcpy(instructions, spec->instructions.data, spec->instructions.length);
	load.instructions = instructions;
	fd = relocate(process, spec, instructions);
	if (!fd) {
		if (spec->attach_kind)
			load.attach_btf_id = kernel_type(spec->attach_kind, spec->attach_name);
		fd = bpf_program_load(&load);
		if (fd < 0) {
			verifier_log[0] = 0;
			load.log = verifier_log;
			load.log_size = sizeof(verifier_log);
			again = bpf_program_load(&load);
			if (again >= 0)
				close(again);
			keep_end_of_log(verifier_log);
		} else {
			message_text[0] = 0;
		}
	}
	free(instructions);
	return fd;
}

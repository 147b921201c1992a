/* bpf(2), a function a command. Each returns what the command gives, or a negative errno. */
#ifndef BPF_SYSCALL_H
#define BPF_SYSCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario.h"

struct program_load {
	const struct program_spec *spec;
	const void *instructions;
	uint32_t attach_btf_id;
	int btf_fd;
	char *log;
	uint32_t log_size; /* 0: no log */
};

int bpf_btf_load(const struct bytes *btf, char *log, uint32_t log_size);
int bpf_map_create(const struct map_spec *spec, int btf_fd, int inner_map_fd);
int bpf_map_lookup(int fd, const void *key, void *value);
int bpf_map_update(int fd, const void *key, const void *value, uint64_t flags);
int bpf_map_delete(int fd, const void *key);
/* The key after `key`, or the first where that is NULL. */
int bpf_map_next_key(int fd, const void *key, void *next);
int bpf_program_load(const struct program_load *load);
/* BPF_PROG_TEST_RUN, once. `data_size` 0 hands in no data. */
int bpf_program_run(int fd, const void *data, uint32_t data_size, uint32_t *return_value);
int bpf_object_pin(int fd, const char *path);
int bpf_object_get(const char *path);
/* The id of a map or program; 0 if the kernel does not say. */
uint32_t bpf_object_id(int fd);
int bpf_object_by_id(uint32_t id, bool is_program);

#endif

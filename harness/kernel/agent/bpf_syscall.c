#include "bpf_syscall.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t pointer(const void *to)
{
	return (uint64_t)(uintptr_t)to;
}

static int bpf(int command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

int bpf_btf_load(const struct bytes *btf, char *log, uint32_t log_size)
{
	union bpf_attr attr = {
		.btf = pointer(btf->data),
		.btf_size = btf->length,
		.btf_log_buf = pointer(log_size ? log : NULL),
		.btf_log_size = log_size,
		.btf_log_level = log_size != 0,
	};

	return bpf(BPF_BTF_LOAD, &attr);
}

int bpf_map_create(const struct map_spec *spec, int btf_fd, int inner_map_fd)
{
	union bpf_attr attr = {
		.map_type = spec->type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.max_entries = spec->max_entries,
		.map_flags = spec->flags,
		.inner_map_fd = spec->inner_map == NO_INDEX ? 0 : inner_map_fd,
		.btf_key_type_id = spec->btf_key_type_id,
		.btf_value_type_id = spec->btf_value_type_id,
	};

	if (spec->btf_key_type_id || spec->btf_value_type_id)
		attr.btf_fd = btf_fd;
	strncpy(attr.map_name, spec->name, sizeof(attr.map_name) - 1);
	return bpf(BPF_MAP_CREATE, &attr);
}

int bpf_map_lookup(int fd, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = pointer(key), .value = pointer(value) };

	return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int bpf_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr = { .map_fd = fd, .key = pointer(key), .value = pointer(value), .flags = flags };

	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_map_delete(int fd, const void *key)
{
	union bpf_attr attr = { .map_fd = fd, .key = pointer(key) };

	return bpf(BPF_MAP_DELETE_ELEM, &attr);
}

int bpf_map_next_key(int fd, const void *key, void *next)
{
	union bpf_attr attr = { .map_fd = fd, .key = pointer(key), .next_key = pointer(next) };

	return bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}

int bpf_program_load(const struct program_load *load)
{
	const struct program_spec *spec = load->spec;
	union bpf_attr attr = {
		.prog_type = spec->type,
		.expected_attach_type = spec->expected_attach_type,
		.prog_flags = spec->flags,
		.insns = pointer(load->instructions),
		.insn_cnt = spec->instructions.length / sizeof(struct bpf_insn),
		.license = pointer(spec->license),
		.attach_btf_id = load->attach_btf_id,
		.log_buf = pointer(load->log_size ? load->log : NULL),
		.log_size = load->log_size,
		.log_level = load->log_size != 0,
	};

	if (spec->func_info_count) {
		attr.prog_btf_fd = load->btf_fd;
		attr.func_info = pointer(spec->func_info);
		attr.func_info_cnt = spec->func_info_count;
		attr.func_info_rec_size = sizeof(struct func_info);
	}
	strncpy(attr.prog_name, spec->name, sizeof(attr.prog_name) - 1);
	return bpf(BPF_PROG_LOAD, &attr);
}

int bpf_program_run(int fd, const void *data, uint32_t data_size, uint32_t *return_value)
{
	/* `repeat` stays 0: every program type takes that as once, and some refuse any other number. */
	union bpf_attr attr = {
		.test.prog_fd = fd,
		.test.data_in = pointer(data_size ? data : NULL),
		.test.data_size_in = data_size,
	};
	int result = bpf(BPF_PROG_TEST_RUN, &attr);

	*return_value = attr.test.retval;
	return result;
}

int bpf_object_pin(int fd, const char *path)
{
	union bpf_attr attr = { .bpf_fd = fd, .pathname = pointer(path) };

	return bpf(BPF_OBJ_PIN, &attr);
}

int bpf_object_get(const char *path)
{
	union bpf_attr attr = { .pathname = pointer(path) };

	return bpf(BPF_OBJ_GET, &attr);
}

uint32_t bpf_object_id(int fd)
{
	/* Both kinds of information begin with type and id; asking for no more spares the kernel the rest. */
	struct {
		uint32_t type;
		uint32_t id;
	} start = { 0, 0 };
	union bpf_attr attr = { .info.bpf_fd = fd, .info.info_len = sizeof(start), .info.info = pointer(&start) };

	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : start.id;
}

int bpf_object_by_id(uint32_t id, bool is_program)
{
	/* map_id and prog_id are the same word of the union. */
	union bpf_attr attr = { .map_id = id };

	return bpf(is_program ? BPF_PROG_GET_FD_BY_ID : BPF_MAP_GET_FD_BY_ID, &attr);
}

/*
 * The work of one case as a bare loop: what a guest can do at most. `case.h` holds the same bytecode, BTF and map
 * sizes as the case that the harness runs; it is written by bench/kernel.ts.
 */
#include "case.h"
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RUNS 5

static int bpf(int command, union bpf_attr *attr)
{
	int result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (result < 0)
		printf("FAILED command %d\n", command);
	return result;
}

static int create_map(unsigned int value_size, int btf, unsigned int key_type, unsigned int value_type)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = value_size, .max_entries = 1 };

	attr.btf_fd = btf;
	attr.btf_key_type_id = key_type;
	attr.btf_value_type_id = value_type;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int load_program(int btf, int map, int log)
{
	static unsigned char loaded[sizeof(INSTRUCTIONS)];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SCHED_CLS, .insn_cnt = sizeof(loaded) / 8 };

	memcpy(loaded, INSTRUCTIONS, sizeof(loaded));
	for (unsigned int i = 0; i < sizeof(RELOCATIONS) / sizeof(RELOCATIONS[0]); i++)
		*(int *)(loaded + RELOCATIONS[i].offset) = RELOCATIONS[i].is_log ? log : map;
	attr.insns = (unsigned long)loaded;
	attr.license = (unsigned long)"GPL";
	attr.prog_btf_fd = btf;
	attr.func_info = (unsigned long)FUNC_INFO;
	attr.func_info_cnt = sizeof(FUNC_INFO) / 8;
	attr.func_info_rec_size = 8;
	return bpf(BPF_PROG_LOAD, &attr);
}

static void one_case(void)
{
	static unsigned char log_value[LOG_VALUE_SIZE];
	static unsigned char packet[64];
	unsigned int key = 0;
	union bpf_attr attr = { .btf_size = sizeof(BTF) };

	attr.btf = (unsigned long)BTF;
	int btf = bpf(BPF_BTF_LOAD, &attr);
	int log = create_map(LOG_VALUE_SIZE, 0, 0, 0);
	int map = create_map(VALUE_SIZE, btf, KEY_TYPE, VALUE_TYPE);
	int program = load_program(btf, map, log);

	for (int i = 0; i < RUNS; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = program;
		attr.test.data_in = (unsigned long)packet;
		attr.test.data_size_in = sizeof(packet);
		bpf(BPF_PROG_TEST_RUN, &attr);
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = log;
	attr.key = (unsigned long)&key;
	attr.value = (unsigned long)log_value;
	bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	close(program);
	close(map);
	close(log);
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

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	for (int i = 0; i < WARM_UP; i++)
		one_case();
	mark("start");
	for (int i = 0; i < CASES; i++)
		one_case();
	mark("end");
	reboot(RB_AUTOBOOT);
}

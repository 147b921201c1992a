/*
 * Loads objects through libbpf and says for each, in a line of JSON, the result of each of its programs loaded alone. As
 * /init of a guest it takes them from /objects, by number, until one is missing; otherwise, as an ordinary program, from
 * its arguments.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* libbpf knows the section "netfilter" since 1.3, and headers its numbers since Linux 6.4. */
#define PROG_TYPE_NETFILTER ((enum bpf_prog_type)32)
#define ATTACH_NETFILTER ((enum bpf_attach_type)45)

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static void name_type(struct bpf_program *program)
{
	if (bpf_program__type(program) != BPF_PROG_TYPE_UNSPEC || strcmp(bpf_program__section_name(program), "netfilter"))
		return;
	bpf_program__set_type(program, PROG_TYPE_NETFILTER);
	bpf_program__set_expected_attach_type(program, ATTACH_NETFILTER);
}

static void load_programs(const char *path)
{
	int programs = 1;

	printf("{\"object\":\"%s\"", path);
	for (int at = 0; at < programs; at++) {
		struct bpf_object *object = bpf_object__open_file(path, NULL);
		struct bpf_program *program;
		const char *name = NULL;
		int index = 0, result;

		if (!object) {
			printf(",\"open\":%d", -errno);
			break;
		}
		bpf_object__for_each_program(program, object) {
			name_type(program);
			if (index == at)
				name = bpf_program__name(program);
			bpf_program__set_autoload(program, index++ == at);
		}
		programs = index;
		result = bpf_object__load(object);
		if (name)
			printf(",\"%s\":%d", name, result);
		bpf_object__close(object);
	}
	printf("}\n");
	fflush(stdout);
}

static void load_all_of_guest(void)
{
	char path[64];

	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	for (int i = 0; snprintf(path, sizeof(path), "/objects/%d.o", i) && !access(path, R_OK); i++)
		load_programs(path);
	reboot(RB_AUTOBOOT);
}

int main(int count, char **paths)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	/* Kernels before 5.11 charge BPF memory to this limit. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_print(quiet);
	if (getpid() == 1)
		load_all_of_guest();
	for (int i = 1; i < count; i++)
		load_programs(paths[i]);
	return 0;
}

#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "case.h"
#include "crc32.h"
#include "kernel_log.h"
#include "message.h"
#include "processors.h"
#include "protocol.h"

/* The pvpanic device: a guest that writes PANICKED to it is stopped by QEMU until the host lets it go on. */
enum { PVPANIC_PORT = 0x505, PVPANIC_PANICKED = 1 };

/* Longer than the 10 ms of the slowest tick. */
enum { SETTLE_NS = 20000000, SECOND_NS = 1000000000 };

static const char ivshmem_vendor[] = "0x1af4", ivshmem_device[] = "0x1110";

static const struct {
	const char *type;
	const char *path;
} file_systems[] = {
	{ "devtmpfs", "/dev" },
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "bpf", "/sys/fs/bpf" },
};

static struct control *control;
static size_t shared_bytes;

__attribute__((noreturn, format(printf, 1, 0))) static void give_up(const char *format, const char *what)
{
	int error = errno;

	fprintf(stderr, "agent: ");
	fprintf(stderr, format, what);
	fprintf(stderr, ": %s\n", strerror(error));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_file_systems(void)
{
	int console;

	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		mkdir(file_systems[i].path, 0755);
		/* A kernel may have mounted devtmpfs itself; and one without BPF has no bpffs, but runs. */
		if (mount(file_systems[i].type, file_systems[i].path, file_systems[i].type, 0, NULL) && errno != EBUSY)
			fprintf(stderr, "agent: mount %s: %s\n", file_systems[i].path, strerror(errno));
	}
	console = open("/dev/console", O_RDWR | O_CLOEXEC);
	for (int fd = 0; console >= 0 && fd <= 2; fd++)
		dup2(console, fd);
}

static int reads_as(const char *path, const char *expected)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return length > 0 && !strncmp(text, expected, strlen(expected));
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		give_up("%s", path);
	close(fd);
}

static void map_shared_memory(void)
{
	static const char devices[] = "/sys/bus/pci/devices";
	DIR *directory = opendir(devices);
	struct dirent *entry;
	struct stat status;
	char path[sizeof(devices) + sizeof(entry->d_name) + 32];
	int fd;

	if (!directory)
		give_up("%s", devices);
	while ((entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s/vendor", devices, entry->d_name);
		if (!reads_as(path, ivshmem_vendor))
			continue;
		snprintf(path, sizeof(path), "%s/%s/device", devices, entry->d_name);
		if (reads_as(path, ivshmem_device))
			break;
	}
	errno = ENODEV;
	if (!entry)
		give_up("%s: the shared memory device", devices);
	snprintf(path, sizeof(path), "%s/%s/enable", devices, entry->d_name);
	write_text(path, "1");
	snprintf(path, sizeof(path), "%s/%s/resource2_wc", devices, entry->d_name);
	if (access(path, F_OK))
		snprintf(path, sizeof(path), "%s/%s/resource2", devices, entry->d_name);
	closedir(directory);

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		give_up("%s", path);
	shared_bytes = status.st_size;
	control = mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		give_up("%s", path);
	close(fd);
	errno = EPROTO;
	if (control->magic != CONTROL_MAGIC || control->layout != CONTROL_LAYOUT)
		give_up("%s: the host uses another layout", path);
}

/*
 * Tells the host that the batch is done and stops until the host goes on. While it counts instructions, QEMU may find
 * the processor idle between its stop and the machine's, and then skips to the next timer, at most a tick away; or it
 * may not. Sleeping to a time beyond that, which costs nothing there, makes both the same.
 */
static void wait_for_batch(void)
{
	struct timespec settled;

	clock_gettime(CLOCK_MONOTONIC, &settled);
	settled.tv_nsec += SETTLE_NS;
	if (settled.tv_nsec >= SECOND_NS) {
		settled.tv_nsec -= SECOND_NS;
		settled.tv_sec++;
	}
	__atomic_store_n(&control->batch_done, control->batch, __ATOMIC_SEQ_CST);
	outb(PVPANIC_PANICKED, PVPANIC_PORT);
	if (control->settle)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &settled, NULL);
}

struct region {
	uint8_t *at;
	uint8_t *end;
};

static struct region region(size_t from, size_t to)
{
	uint8_t *shared = (uint8_t *)control;

	return (struct region){ shared + from, shared + to };
}

static void skip(struct region *region, size_t length)
{
	region->at += (length + MESSAGE_ALIGNMENT - 1) & ~(size_t)(MESSAGE_ALIGNMENT - 1);
}

/* Takes the next request; NULL with a description of the damage where length or checksum is wrong. */
static const char *next_request(struct region *requests, uint32_t *length, char *damage, size_t damage_size)
{
	struct message_header header;
	const char *bytes = (const char *)requests->at + sizeof(header);
	uint32_t sum;

	memcpy(&header, requests->at, sizeof(header));
	if (header.length > (size_t)(requests->end - requests->at) - sizeof(header)) {
		snprintf(damage, damage_size, "corrupt request: a length of %u bytes, header %08x %08x", header.length,
			 header.length, header.crc32);
		return NULL;
	}
	sum = crc32(bytes, header.length);
	if (sum != header.crc32) {
		snprintf(damage, damage_size, "corrupt request: checksum %08x, not %08x, over %u bytes, beginning %.32s", sum,
			 header.crc32, header.length, bytes);
		return NULL;
	}
	*length = header.length;
	skip(requests, sizeof(header) + header.length);
	return bytes;
}

/* Returns false where the answer does not fit behind those before it. */
static int put_answer(struct region *answers, const struct text *answer)
{
	struct message_header header = { answer->length, crc32(answer->bytes, answer->length) };

	if (sizeof(header) + answer->length + MESSAGE_ALIGNMENT > (size_t)(answers->end - answers->at))
		return 0;
	memcpy(answers->at, &header, sizeof(header));
	memcpy(answers->at + sizeof(header), answer->bytes, answer->length);
	skip(answers, sizeof(header) + answer->length);
	return 1;
}

static void put_damage(struct text *answer, const char *damage)
{
	text_put(answer, "{\"error\":");
	text_json_string(answer, damage, strlen(damage));
	text_put(answer, "}");
}

/* What was found to be left behind by cases of this batch, as a JSON array without its closing bracket. */
static struct text late;

static void report_late(uint32_t number, const char *line)
{
	text_put(&late, late.length > 1 ? ",{\"case\":" : "{\"case\":");
	text_integer(&late, number);
	text_put(&late, ",\"complaint\":");
	text_json_string(&late, line, strlen(line));
	text_put(&late, "}");
}

/* A request: its header, the text of a shape, which may be empty, and that of the steps. */
static void answer_request(uint32_t number, const char *bytes, uint32_t length, struct text *answer)
{
	struct request_header header;
	struct case_request request = { .number = number, .shape = bytes + sizeof(header) };

	if (length >= sizeof(header))
		memcpy(&header, bytes, sizeof(header));
	if (length < sizeof(header) || header.shape_length > length - sizeof(header)) {
		put_damage(answer, "malformed request: it is shorter than it says");
		return;
	}
	request.slot = header.slot;
	request.keep_objects = header.keep_objects;
	request.shape_length = header.shape_length;
	request.steps = request.shape + header.shape_length;
	request.steps_length = length - sizeof(header) - header.shape_length;
	case_answer_request(&request, answer, report_late);
}

/* The first answer, to no request: what this guest is. */
static void greet(struct text *answer)
{
	struct region answers = region(shared_bytes / 2, shared_bytes);
	struct utsname name;

	uname(&name);
	text_clear(answer);
	text_put(answer, "{\"release\":");
	text_json_string(answer, name.release, strlen(name.release));
	text_put(answer, "}");
	put_answer(&answers, answer);
}

/* As many cases as there is room for their answers: the host asks again for the rest. */
static void answer_cases(struct region *answers, struct text *answer)
{
	struct region requests = region(CONTROL_BYTES, shared_bytes / 2);

	for (uint32_t i = 0; i < control->case_count; i++) {
		char damage[256];
		uint32_t length;
		const char *request = next_request(&requests, &length, damage, sizeof(damage));

		text_clear(answer);
		if (request)
			answer_request(i, request, length, answer);
		else
			put_damage(answer, damage);
		if (!put_answer(answers, answer))
			return;
		__atomic_store_n(&control->cases_done, i + 1, __ATOMIC_SEQ_CST);
		/* Behind a damaged request nobody knows where the next begins. */
		if (!request)
			return;
	}
}

/* Behind the answers comes what was left behind by which of the cases: it takes time to be sure. */
static void answer_batch(struct text *answer)
{
	struct region answers = region(shared_bytes / 2, shared_bytes - CLOSING_BYTES_MAX);

	control->cases_done = 0;
	text_clear(&late);
	text_put(&late, "[");
	answer_cases(&answers, answer);
	leftovers_wait(report_late);
	text_put(&late, "]");
	answers.end += CLOSING_BYTES_MAX;
	put_answer(&answers, &late);
}

/* A terminal of which every byte is passed on as it is. */
static void open_raw(const char *name)
{
	struct termios settings;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_NOCTTY);
	if (fd < 0 || tcgetattr(fd, &settings))
		give_up("%s", path);
	cfmakeraw(&settings);
	if (tcsetattr(fd, TCSANOW, &settings) || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		give_up("%s", path);
}

void guest_speak(const char *device)
{
	mount_file_systems();
	processors_bring_up();
	kernel_log_open();
	open_raw(device);
	protocol_speak(1);
	reboot(RB_POWER_OFF);
	_exit(0);
}

void guest_run(void)
{
	struct text answer = { 0 };

	mount_file_systems();
	processors_bring_up();
	kernel_log_open();
	map_shared_memory();
	if (ioperm(PVPANIC_PORT, 1, 1))
		give_up("%s", "ioperm");
	greet(&answer);
	for (;;) {
		wait_for_batch();
		answer_batch(&answer);
	}
}

#include "kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How the kernel's own checks begin or mark what they print. */
static const char *const marks[] = {
	"WARNING:",
	"BUG:",
	"kernel BUG at",
	"Oops",
	"KASAN",
	"KCSAN",
	"UBSAN",
	"general protection fault",
	"unable to handle",
	"Unable to handle",
	"invalid opcode",
	"stack segment",
	"detected stall",
	"detected stalls",
	"rcu_preempt kthread starved",
	"rcu_sched kthread starved",
	"soft lockup",
	"hard LOCKUP",
	"blocked for more than",
	"possible recursive locking",
	"possible circular locking",
	"inconsistent lock state",
	"suspicious RCU usage",
	"bad unlock balance",
	"scheduling while atomic",
	"sleeping function called from invalid context",
	"refcount_t:",
	"list_add corruption",
	"list_del corruption",
	"ODEBUG:",
	"trying to register non-static key",
	"page allocation failure",
	"Out of memory",
	"Kernel panic",
};

static int log_fd = -1;

void kernel_log_open(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		fprintf(stderr, "agent: /dev/kmsg: %s; kernel complaints will not be seen\n", strerror(errno));
	else
		lseek(log_fd, 0, SEEK_END);
}

void kernel_log_complaints(void (*complain)(const char *line))
{
	/* A record is "priority,sequence,microseconds,flags;text\n" and continuation lines that begin with a space. */
	char record[8192];
	ssize_t length;

	if (log_fd < 0)
		return;
	for (;;) {
		char *line;

		length = read(log_fd, record, sizeof(record) - 1);
		/* Records were overwritten before we came: reading goes on with the oldest there is. */
		if (length < 0 && errno == EPIPE)
			continue;
		if (length <= 0)
			return;
		record[length] = 0;
		line = strchr(record, ';');
		if (!line)
			continue;
		line++;
		line[strcspn(line, "\n")] = 0;
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
			if (strstr(line, marks[i])) {
				complain(line);
				break;
			}
		}
	}
}

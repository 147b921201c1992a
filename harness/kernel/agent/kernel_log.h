/* The kernel's log, /dev/kmsg, watched for complaints. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

/* Forgets everything the kernel has logged so far. Without the right to read its log, no complaint is ever seen. */
void kernel_log_skip(void);

/* Calls `complain` with each new line that is a complaint of the kernel about itself. */
void kernel_log_complaints(void (*complain)(const char *line));

#endif

/* The kernel's log, /dev/kmsg, watched for complaints. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

/*
 * Begins to watch: what the kernel has logged so far is of no interest. Without the right to read its log, no complaint
 * is ever seen.
 */
void kernel_log_open(void);

/* Calls `complain` with each line since the last call that is a complaint of the kernel about itself. */
void kernel_log_complaints(void (*complain)(const char *line));

#endif

/* The type information the running kernel gives about itself, /sys/kernel/btf/vmlinux. */
#ifndef VMLINUX_BTF_H
#define VMLINUX_BTF_H

#include <stdint.h>

/* The id of the type of that kind ("func", "struct" or "typedef") and name; 0, which is no type, if there is none. */
uint32_t vmlinux_btf_find(const char *kind, const char *name);

#endif

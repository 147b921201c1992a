/* Where the maps and programs of a case are pinned: a directory in bpffs that belongs to this agent alone. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>
#include <stdint.h>

/* The path of a pin; valid until the next call. */
const char *pins_path(bool is_program, uint32_t index);

/* Chooses the directory, once, before any process is forked: all of them share it. */
void pins_name_directory(void);

/* Makes sure that there is a bpffs to pin in; says so where there is none. */
void pins_mount_file_system(void);

/* Makes the directory if there is none; 0 or a negative errno. */
int pins_make_directory(void);

/* Removes every pin, and the directory. */
void pins_remove(uint32_t map_count, uint32_t program_count);

/* Whether there still is the directory. */
bool pins_exist(void);

#endif

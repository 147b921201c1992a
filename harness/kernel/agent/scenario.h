/* One compiled scenario, as the agent holds it. What it means is described in scenario/compiled-scenario.ts. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAPS_MAX = 64, PROGRAMS_MAX = 64, STEPS_MAX = 1024, KEY_BYTES_MAX = 512, NO_INDEX = -1 };

struct bytes {
	uint8_t *data;
	uint32_t length;
};

struct map_spec {
	const char *name;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	int inner_map; /* or NO_INDEX */
};

/* What is filled into an instruction before loading: a map's descriptor, or, with a name, a kfunc's BTF id. */
struct relocation {
	uint32_t instruction;
	uint32_t map;
	const char *kfunc;
};

/* As the kernel's struct bpf_func_info. */
struct func_info {
	uint32_t instruction;
	uint32_t type_id;
};

struct program_spec {
	const char *name;
	uint32_t type;
	uint32_t expected_attach_type;
	uint32_t flags;
	const char *license;
	const char *attach_kind; /* NULL where the program attaches to nothing */
	const char *attach_name;
	struct bytes instructions;
	struct relocation *relocations;
	uint32_t relocation_count;
	struct func_info *func_info;
	uint32_t func_info_count;
	uint32_t test_run_bytes;
};

/* Memory handed out from the front and taken back whole. */
struct arena {
	uint8_t *bytes;
	size_t size;
	size_t used;
};

struct step_kind;

struct step {
	const struct step_kind *kind;
	uint32_t target; /* index of the map or program */
	struct bytes key;
	struct bytes value;
	int value_map; /* or NO_INDEX */
	uint64_t flags;
	uint64_t ns;
	int cpu; /* or NO_INDEX */
};

struct scenario {
	/* The shape: what recurs from case to case, and where it lies. */
	struct arena arena;
	struct bytes btf;
	struct map_spec maps[MAPS_MAX];
	uint32_t map_count;
	uint32_t log_map;
	struct program_spec programs[PROGRAMS_MAX];
	uint32_t program_count;
	/* What one case does with it; valid until steps are read again, of whichever scenario. */
	struct bytes parameters;
	const struct step *steps;
	uint32_t step_count;
	bool needs_process; /* some step takes an acting process of its own */
};

#endif

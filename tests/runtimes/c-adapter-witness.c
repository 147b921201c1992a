/*
 * A runtime on examples/c-adapter that says on standard error what it is asked for, and executes nothing: a run writes
 * one record to the log. Compiled with -DVERIFIES_ONLY it refuses programs instead.
 */
#define OWN_RUNTIME
#include "../../examples/c-adapter/adapter.c"

#ifdef VERIFIES_ONLY
#define EXECUTES false
#else
#define EXECUTES true
#endif

#define SAY(...) fprintf(stderr, __VA_ARGS__)
#define VALUE_BYTES_MAX 16384

static const struct hello HELLO = {
	.name = "witness",
	.version = "1",
	.executes = EXECUTES,
	.verifies = true,
	.processors = 2,
};

struct map {
	const struct map_spec *spec;
	int users;
	uint8_t value[VALUE_BYTES_MAX];	/* whatever the key */
};

struct program {
	const char *name;
	int users;
};

static uint64_t now_ns;
static struct map *log_map;		/* the first that is created */

static void machine_begin(void)
{
	now_ns = 0;
	log_map = NULL;
}

static void machine_end(void)
{
	SAY("end\n");
}

static uint64_t machine_now_ns(void)
{
	return now_ns;
}

static void machine_advance(uint64_t ns)
{
	now_ns += ns;
}

static int map_create(const struct map_spec *spec, struct map **map)
{
	SAY("create %s type %u, %u:%u bytes, %u entries, flags %u", spec->name, spec->type, spec->key_bytes,
	    spec->value_bytes, spec->entries_max, spec->flags);
	for (uint32_t i = 0; i < spec->field_count; i++)
		SAY(", %s at %u", spec->fields[i].kind, spec->fields[i].offset_bytes);
	SAY("%s%s\n", spec->inner ? ", inner " : "", spec->inner ? spec->inner->spec->name : "");
	*map = case_alloc(1, sizeof(**map));
	(*map)->spec = spec;
	(*map)->users = 1;
	if (!log_map)
		log_map = *map;
	return 0;
}

static void map_open(struct map *map)
{
	SAY("%s has %d users\n", map->spec->name, ++map->users);
}

static void map_close(struct map *map)
{
	SAY("%s has %d users\n", map->spec->name, --map->users);
}

static int map_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	if (map != log_map)
		SAY("update %s[%u] flags %" PRIu64 "\n", map->spec->name, *(const uint32_t *)key, flags);
	memcpy(map->value, value, user_value_bytes(map->spec));
	return 0;
}

static int map_update_inner(struct map *outer, const void *key, struct map *inner, uint64_t flags)
{
	SAY("update %s[%u] to %s flags %" PRIu64 "\n", outer->spec->name, *(const uint32_t *)key, inner->spec->name, flags);
	return 0;
}

static int map_delete(struct map *map, const void *key)
{
	SAY("delete %s[%u]\n", map->spec->name, *(const uint32_t *)key);
	return -ENOENT;
}

static int map_lookup(struct map *map, const void *key, void *value)
{
	(void)key;
	memcpy(value, map->value, user_value_bytes(map->spec));
	return 0;
}

static uint64_t map_address(struct map *map)
{
	return 0x1111000000000000 + map->spec->name[strlen(map->spec->name) - 1];
}

static int map_value_address(struct map *map, uint32_t offset_bytes, uint64_t *address)
{
	*address = 0x2222000000000000 + offset_bytes;
	return map == log_map ? 0 : -EINVAL;
}

static uint64_t function_address(uint32_t instruction)
{
	return 0x3333000000000000 + instruction;
}

static int kfunc_number(const char *name)
{
	return strlen(name);
}

static int program_load(const struct program_spec *spec, struct program **program, char *message, size_t message_bytes)
{
	SAY("load %s type %u, %u bytes of packet\n", spec->name, spec->type, spec->packet_bytes);
	for (uint32_t at = 0; at < spec->instruction_count; at++) {
		const struct instruction *each = &spec->instructions[at];

		if (each->opcode == OPCODE_LOAD_64)
			SAY("at %u src %u: %08x%08x\n", at, each->src, each[1].immediate, each->immediate);
		if (each->opcode == OPCODE_CALL && each->src == SRC_KFUNC)
			SAY("at %u kfunc %d\n", at, each->immediate);
	}
	if (!EXECUTES) {
		snprintf(message, message_bytes, "\"never\"\n");
		return -EACCES;
	}
	*program = case_alloc(1, sizeof(**program));
	**program = (struct program){ spec->name, 1 };
	return 0;
}

static void program_open(struct program *program)
{
	SAY("%s has %d users\n", program->name, ++program->users);
}

static void program_close(struct program *program)
{
	SAY("%s has %d users\n", program->name, --program->users);
}

static bool program_exists(const struct program *program)
{
	return program->users > 0;
}

static int program_run(struct program *program, uint32_t processor, uint32_t *return_value)
{
	uint64_t claimed;
	struct log_record record = { .site = 1, .cpu = processor, .time_ns = now_ns, .value = -22, .aux = 256 };

	memcpy(&claimed, log_map->value, sizeof(claimed));
	if (claimed < LOG_RECORDS_MAX)
		memcpy(log_map->value + LOG_RECORDS_OFFSET + claimed * sizeof(record), &record, sizeof(record));
	claimed++;
	memcpy(log_map->value, &claimed, sizeof(claimed));
	SAY("run %s, first number %u\n", program->name, log_map->value[LOG_CURSOR_BYTES]);
	*return_value = UINT32_MAX;
	return 0;
}

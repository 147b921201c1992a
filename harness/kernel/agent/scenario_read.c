#include "scenario_read.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_map.h"
#include "steps.h"

static const char scenario_format[] = "bpf-timer-conformance/scenario";
enum { SCENARIO_VERSION = 3, VALUE_BYTES_MAX = 1 << 20, INSTRUCTION_BYTES = 8 };

/* Reading stops making sense at the first mistake; it is kept, and every later read gives zero. */
struct reader {
	char error[256];
	bool failed;
	char place[64];
	struct arena *arena;
};

/* The memory of steps: there is one case at a time. */
static uint8_t step_bytes[8 << 20] __attribute__((aligned(16)));
static struct arena step_arena = { step_bytes, sizeof(step_bytes), 0 };
static struct step steps[STEPS_MAX];
static struct reader reader;

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list arguments;
	int length;

	if (reader.failed)
		return;
	reader.failed = true;
	length = snprintf(reader.error, sizeof(reader.error), "malformed scenario: %s", reader.place);
	va_start(arguments, format);
	vsnprintf(reader.error + length, sizeof(reader.error) - length, format, arguments);
	va_end(arguments);
}

static void *allocate(size_t length)
{
	struct arena *arena = reader.arena;
	void *memory = arena->bytes + arena->used;

	length = (length + 15) & ~(size_t)15;
	if (length > arena->size - arena->used) {
		fail("more than %zu bytes of content", arena->size);
		return arena->bytes;
	}
	arena->used += length;
	memset(memory, 0, length);
	return memory;
}

static struct json_object *member(struct json_object *object, const char *name, enum json_type type, bool required)
{
	struct json_object *value = NULL;

	if (reader.failed)
		return NULL;
	if (!json_object_is_type(object, json_type_object)) {
		fail("an object is expected");
		return NULL;
	}
	if (!json_object_object_get_ex(object, name, &value)) {
		if (required)
			fail("%s is missing", name);
		return NULL;
	}
	if (!json_object_is_type(value, type)) {
		fail("%s is not of type %s", name, json_type_to_name(type));
		return NULL;
	}
	return value;
}

static uint64_t integer_of(struct json_object *value, const char *name, uint64_t max)
{
	int64_t number = json_object_get_int64(value);

	if (number < 0 || (uint64_t)number > max) {
		fail("%s is %lld, at most %llu is possible", name, (long long)number, (unsigned long long)max);
		return 0;
	}
	return number;
}

static uint64_t read_integer(struct json_object *object, const char *name, uint64_t max)
{
	struct json_object *value = member(object, name, json_type_int, true);

	return value ? integer_of(value, name, max) : 0;
}

/* A number that may be absent: NO_INDEX then. */
static int read_optional(struct json_object *object, const char *name, uint64_t max)
{
	struct json_object *value = member(object, name, json_type_int, false);

	return value ? (int)integer_of(value, name, max) : NO_INDEX;
}

/* A string that lives as long as the document; NULL where there is none. */
static const char *peek_string(struct json_object *object, const char *name, bool required)
{
	struct json_object *value = member(object, name, json_type_string, required);

	return value ? json_object_get_string(value) : NULL;
}

static const char *read_string(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name, json_type_string, true);

	size_t size;
	char *string;

	if (!value)
		return "";
	size = json_object_get_string_len(value) + 1;
	string = allocate(size);
	if (!reader.failed)
		memcpy(string, json_object_get_string(value), size);
	return string;
}

/* The map of that name; the first one, and a failure, where there is none. */
static uint32_t find_map(const struct scenario *scenario, const char *name)
{
	for (uint32_t i = 0; i < scenario->map_count; i++)
		if (!strcmp(scenario->maps[i].name, name))
			return i;
	fail("there is no map %s", name);
	return 0;
}

static uint32_t find_program(const struct scenario *scenario, const char *name)
{
	for (uint32_t i = 0; i < scenario->program_count; i++)
		if (!strcmp(scenario->programs[i].name, name))
			return i;
	fail("there is no program %s", name);
	return 0;
}

static uint32_t read_map_name(struct json_object *object, const char *name, const struct scenario *scenario)
{
	const char *map = peek_string(object, name, true);

	return map ? find_map(scenario, map) : 0;
}

/* The name of a map that may be absent: NO_INDEX then. */
static int read_optional_map(struct json_object *object, const char *name, const struct scenario *scenario)
{
	const char *map = peek_string(object, name, false);

	return map ? (int)find_map(scenario, map) : NO_INDEX;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

static struct bytes read_hex(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name, json_type_string, true);
	struct bytes bytes = { NULL, 0 };
	const char *digits;
	size_t length;

	if (!value)
		return bytes;
	digits = json_object_get_string(value);
	length = json_object_get_string_len(value);
	if (length % 2) {
		fail("%s has an odd number of hexadecimal digits", name);
		return bytes;
	}
	bytes.data = allocate(length / 2);
	if (reader.failed)
		return bytes;
	bytes.length = length / 2;
	for (uint32_t i = 0; i < bytes.length; i++) {
		int high = hex_value(digits[2 * i]), low = hex_value(digits[2 * i + 1]);

		if (high < 0 || low < 0) {
			fail("%s is not lower-case hexadecimal at byte %u", name, i);
			return bytes;
		}
		bytes.data[i] = high << 4 | low;
	}
	return bytes;
}

static uint32_t read_list(struct json_object *object, const char *name, uint32_t max, struct json_object **list)
{
	*list = member(object, name, json_type_array, true);
	if (!*list)
		return 0;
	if (json_object_array_length(*list) > max) {
		fail("%s has %zu entries, at most %u are possible", name, json_object_array_length(*list), max);
		return 0;
	}
	return json_object_array_length(*list);
}

static void read_map(struct json_object *from, struct map_spec *map)
{
	*map = (struct map_spec){
		.name = read_string(from, "name"),
		.type = read_integer(from, "type", UINT32_MAX),
		.key_size = read_integer(from, "keySize", KEY_BYTES_MAX),
		.value_size = read_integer(from, "valueSize", VALUE_BYTES_MAX),
		.max_entries = read_integer(from, "maxEntries", UINT32_MAX),
		.flags = read_integer(from, "flags", UINT32_MAX),
		.btf_key_type_id = read_integer(from, "btfKeyTypeId", UINT32_MAX),
		.btf_value_type_id = read_integer(from, "btfValueTypeId", UINT32_MAX),
		.inner_map = NO_INDEX,
	};
}

static void read_relocation(struct json_object *from, struct relocation *to, uint32_t instructions,
			    const struct scenario *scenario)
{
	const char *kind = read_string(from, "kind");

	to->instruction = read_integer(from, "instruction", instructions ? instructions - 1 : 0);
	if (!strcmp(kind, "map"))
		to->map = read_map_name(from, "map", scenario);
	else if (!strcmp(kind, "kfunc"))
		to->kfunc = read_string(from, "name");
	else
		fail("unknown relocation kind %s", kind);
}

static void read_program(struct json_object *from, struct program_spec *program, const struct scenario *scenario)
{
	struct json_object *list, *attach = member(from, "attachTo", json_type_object, false);
	uint32_t instruction_count;

	*program = (struct program_spec){
		.name = read_string(from, "name"),
		.type = read_integer(from, "type", UINT32_MAX),
		.expected_attach_type = read_integer(from, "expectedAttachType", UINT32_MAX),
		.flags = read_integer(from, "flags", UINT32_MAX),
		.license = read_string(from, "license"),
		.attach_kind = attach ? read_string(attach, "kind") : NULL,
		.attach_name = attach ? read_string(attach, "name") : NULL,
		.instructions = read_hex(from, "instructions"),
		.test_run_bytes = read_integer(from, "testRunBytes", UINT16_MAX),
	};
	if (program->instructions.length % INSTRUCTION_BYTES)
		fail("instructions is no multiple of %d bytes", INSTRUCTION_BYTES);
	instruction_count = program->instructions.length / INSTRUCTION_BYTES;

	program->relocation_count = read_list(from, "relocations", instruction_count, &list);
	program->relocations = allocate(program->relocation_count * sizeof(struct relocation));
	for (uint32_t i = 0; i < program->relocation_count && !reader.failed; i++)
		read_relocation(json_object_array_get_idx(list, i), &program->relocations[i], instruction_count,
				scenario);

	program->func_info_count = read_list(from, "funcInfo", instruction_count, &list);
	program->func_info = allocate(program->func_info_count * sizeof(struct func_info));
	for (uint32_t i = 0; i < program->func_info_count && !reader.failed; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		program->func_info[i].instruction = read_integer(entry, "instruction", UINT32_MAX);
		program->func_info[i].type_id = read_integer(entry, "typeId", UINT32_MAX);
	}
}

static uint32_t read_program_name(struct json_object *from, const struct scenario *scenario)
{
	const char *program = peek_string(from, "program", true);

	return program ? find_program(scenario, program) : 0;
}

/* The kernel reads as many bytes as the map's keys have, whatever we hold. */
static void read_key(struct json_object *from, struct step *step, const struct map_spec *map)
{
	step->key = read_hex(from, "key");
	if (step->key.length != map->key_size)
		fail("key has %u bytes, those of map %s have %u", step->key.length, map->name, map->key_size);
}

static void read_step(struct json_object *from, struct step *step, const struct scenario *scenario)
{
	const char *name = read_string(from, "kind");
	const struct step_kind *kind = step_kind_find(name);

	*step = (struct step){ .kind = kind, .value_map = NO_INDEX, .cpu = NO_INDEX };
	if (!kind) {
		fail("unknown step kind %s", name);
		return;
	}
	if (kind->target == TARGET_MAP)
		step->target = read_map_name(from, "map", scenario);
	if (kind->target == TARGET_PROGRAM)
		step->target = read_program_name(from, scenario);
	if (kind->fields & FIELD_KEY)
		read_key(from, step, &scenario->maps[step->target]);
	if (kind->fields & FIELD_VALUE) {
		step->value = read_hex(from, "value");
		step->value_map = read_optional_map(from, "valueMap", scenario);
		/* The kernel reads as many bytes as the map's values have, whatever we hold. */
		if (step->value_map == NO_INDEX && step->value.length != scenario->maps[step->target].value_size)
			fail("value has %u bytes, those of map %u have %u", step->value.length, step->target,
			     scenario->maps[step->target].value_size);
	}
	if (kind->fields & FIELD_FLAGS)
		step->flags = read_integer(from, "flags", INT64_MAX);
	if (kind->fields & FIELD_NS)
		step->ns = read_integer(from, "ns", INT64_MAX / 2);
	if (kind->fields & FIELD_CPU)
		step->cpu = read_optional(from, "cpu", 1023);
}

static void read_shape(struct scenario *scenario, struct json_object *document)
{
	struct json_object *list;

	if (strcmp(read_string(document, "format"), scenario_format))
		fail("format is not %s", scenario_format);
	if (read_integer(document, "version", UINT32_MAX) != SCENARIO_VERSION)
		fail("version is not %d", SCENARIO_VERSION);
	scenario->btf = read_hex(document, "btf");

	scenario->map_count = read_list(document, "maps", MAPS_MAX, &list);
	if (!scenario->map_count)
		fail("maps is empty");
	for (uint32_t i = 0; i < scenario->map_count && !reader.failed; i++) {
		snprintf(reader.place, sizeof(reader.place), "maps[%u]: ", i);
		read_map(json_object_array_get_idx(list, i), &scenario->maps[i]);
	}
	/* Any map can be the model of the inner ones: all names have to be known first. */
	for (uint32_t i = 0; i < scenario->map_count && !reader.failed; i++) {
		snprintf(reader.place, sizeof(reader.place), "maps[%u]: ", i);
		scenario->maps[i].inner_map =
			read_optional_map(json_object_array_get_idx(list, i), "innerMap", scenario);
	}
	reader.place[0] = 0;
	scenario->log_map = read_map_name(document, "logMap", scenario);

	scenario->program_count = read_list(document, "programs", PROGRAMS_MAX, &list);
	for (uint32_t i = 0; i < scenario->program_count && !reader.failed; i++) {
		snprintf(reader.place, sizeof(reader.place), "programs[%u]: ", i);
		read_program(json_object_array_get_idx(list, i), &scenario->programs[i], scenario);
	}
}

static void read_steps(struct scenario *scenario, struct json_object *document)
{
	struct json_object *list;

	scenario->parameters = read_hex(document, "parameters");
	if (scenario->parameters.length > PARAMETERS_MAX * PARAMETER_BYTES)
		fail("parameters has %u bytes, at most %d are possible", scenario->parameters.length,
		     PARAMETERS_MAX * PARAMETER_BYTES);
	scenario->step_count = read_list(document, "steps", STEPS_MAX, &list);
	for (uint32_t i = 0; i < scenario->step_count && !reader.failed; i++) {
		snprintf(reader.place, sizeof(reader.place), "steps[%u]: ", i);
		read_step(json_object_array_get_idx(list, i), &steps[i], scenario);
		scenario->needs_process |= !reader.failed && steps[i].kind->needs_process;
	}
}

static void begin_reading(void)
{
	reader.failed = false;
	reader.place[0] = 0;
}

/* The document of a text, or NULL; begins a new reading either way. */
static struct json_object *parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document = json_tokener_parse_ex(tokener, text, length);
	enum json_tokener_error error = json_tokener_get_error(tokener);

	begin_reading();
	if (!document)
		fail("no JSON: %s", error == json_tokener_continue ? "it ends too early" : json_tokener_error_desc(error));
	else if (json_tokener_get_parse_end(tokener) != length)
		fail("more text behind the JSON value");
	json_tokener_free(tokener);
	return document;
}

/* No part of a scenario takes more memory than its JSON has characters, but for what aligning it takes. */
static void begin_shape(struct scenario *scenario, size_t length)
{
	struct arena *arena = &scenario->arena;

	free(arena->bytes);
	*arena = (struct arena){ malloc(length + 4096), length + 4096, 0 };
	if (!arena->bytes) {
		arena->size = 0;
		fail("no memory for it");
	}
	reader.arena = arena;
}

static void begin_steps(struct scenario *scenario)
{
	step_arena.used = 0;
	reader.arena = &step_arena;
	reader.place[0] = 0;
	scenario->steps = steps;
	scenario->step_count = 0;
	scenario->needs_process = false;
}

enum part { SHAPE = 1 << 0, STEPS = 1 << 1 };

static const char *read_parts(struct scenario *scenario, unsigned int parts, struct json_object *document,
			      size_t length)
{
	if (parts & SHAPE) {
		begin_shape(scenario, length);
		if (!reader.failed)
			read_shape(scenario, document);
	}
	if (parts & STEPS) {
		begin_steps(scenario);
		if (!reader.failed)
			read_steps(scenario, document);
	}
	return reader.failed ? reader.error : NULL;
}

static const char *read_text(struct scenario *scenario, enum part part, const char *text, size_t length)
{
	struct json_object *document = parse(text, length);
	const char *error = read_parts(scenario, part, document, length);

	json_object_put(document);
	return error;
}

const char *scenario_read_shape(struct scenario *scenario, const char *text, size_t length)
{
	return read_text(scenario, SHAPE, text, length);
}

const char *scenario_read_steps(struct scenario *scenario, const char *text, size_t length)
{
	return read_text(scenario, STEPS, text, length);
}

const char *scenario_read(struct scenario *scenario, struct json_object *document, size_t length)
{
	begin_reading();
	return read_parts(scenario, SHAPE | STEPS, document, length);
}

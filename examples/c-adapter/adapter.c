/*
 * The protocol of bpf-timer-conformance (docs/PROTOCOL.md) for runtimes that can be called from C. It reads cases from
 * standard input, executes their steps by calling the functions that are declared under "THE RUNTIME", and writes what
 * came of them to standard output.
 *
 * There are two ways to join a runtime: fill in the functions at the end of this file, or write them in a file of your
 * own that begins with
 *
 *	#define OWN_RUNTIME
 *	#include "adapter.c"
 *
 * As it stands the runtime has nothing. It says so, and no guarantee applies to it:
 *
 *	cc -std=c11 -Wall -Wextra -o adapter adapter.c && timerconf run --runtime process:./adapter
 *
 * The process that acts, its descriptors, pins and capability, the rewriting of instructions before a load, and the log
 * map's records are done here. A little-endian machine is assumed.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- THE RUNTIME: what it says of itself, and what it is asked to do ---- */

/* A list of names that ends with NULL. Where a list is itself NULL, the runtime has everything that could be on it. */
typedef const char *const *names;

static const char *const NOTHING[] __attribute__((unused)) = { NULL };

struct hello {
	const char *name;
	const char *version;
	const char *linux_release;	/* that it models, "6.12"; NULL: the newest */
	bool executes;			/* false: it only says which programs it would load */
	bool verifies;			/* false: it is given no program that has to be refused */
	names map_types;		/* "BPF_MAP_TYPE_HASH" */
	names program_types;		/* "BPF_PROG_TYPE_XDP" */
	names helpers;			/* "bpf_timer_init" */
	names kfuncs;			/* "bpf_timer_cancel_async" */
	names steps;			/* "pin-map"; NULL: all that are in the table of steps below */
	uint32_t processors;
	bool clock_is_real;		/* false: time passes in machine_advance() alone */
	uint64_t lateness_ns;		/* how late a timer may fire */
};

/* What a map or a program is to the runtime. Both stay readable until machine_end(). */
struct map;
struct program;

/* A member of a map's values that the runtime keeps: "timer", "spin-lock" or "work-queue". */
struct special_field {
	const char *kind;
	uint32_t offset_bytes;
};

struct map_spec {
	const char *name;
	uint32_t type;			/* BPF_MAP_TYPE_* */
	uint32_t key_bytes;
	uint32_t value_bytes;		/* of a per-CPU map: for one processor */
	uint32_t entries_max;
	uint32_t flags;			/* BPF_F_* of BPF_MAP_CREATE */
	bool has_btf;
	uint32_t field_count;
	struct special_field *fields;
	struct map *inner;		/* of an of-maps type: what its inner maps are like */
};

struct instruction {
	uint8_t opcode;
	uint8_t dst : 4;
	uint8_t src : 4;
	int16_t offset;
	int32_t immediate;
};

struct program_spec {
	const char *name;
	uint32_t type;			/* BPF_PROG_TYPE_* */
	uint32_t expected_attach_type;
	uint32_t flags;
	const char *license;
	const char *attach_to;		/* a name in the kernel's BTF, or NULL */
	/*
	 * Of what BPF encodes in the source register there is only a call of a function of the program (1) left, and of
	 * a kfunc (2), whose immediate is what kfunc_number() gave. A helper's call (0) holds its number in the kernel.
	 */
	uint32_t instruction_count;
	struct instruction *instructions;
	uint32_t callback_count;
	uint32_t *callbacks;		/* the instruction that each begins with */
	uint32_t packet_bytes;		/* that a run hands in; 0: it hands in no packet */
};

/* All functions that return an int return 0 or a negative errno, as the system call does. */
static const struct hello HELLO;

/* A case begins on a new machine, and ends. */
static void machine_begin(void);
static void machine_end(void);
/* CLOCK_MONOTONIC, and letting time pass. */
static uint64_t machine_now_ns(void);
static void machine_advance(uint64_t ns);

/* A map with one user (a descriptor or a pin); one more; one less. Timers go with the last. */
static int map_create(const struct map_spec *spec, struct map **map);
static void map_open(struct map *map);
static void map_close(struct map *map);
/* From user space. Of a per-CPU map the value holds those of all processors, each rounded up to 8 bytes. */
static int map_update(struct map *map, const void *key, const void *value, uint64_t flags);
static int map_update_inner(struct map *outer, const void *key, struct map *inner, uint64_t flags);
static int map_delete(struct map *map, const void *key);
static int map_lookup(struct map *map, const void *key, void *value);

/* What a program holds for a map, for a byte of the first value of an array, and for the function at an instruction. */
static uint64_t map_address(struct map *map);
static int map_value_address(struct map *map, uint32_t offset_bytes, uint64_t *address);
static uint64_t function_address(uint32_t instruction);
/* What stands in the call of a kfunc, or a negative errno. */
static int kfunc_number(const char *name);

/* A program with one user; one more; one less. `message` is for people, where it is refused. */
static int program_load(const struct program_spec *spec, struct program **program, char *message, size_t message_bytes);
static void program_open(struct program *program);
static void program_close(struct program *program);
/* Whether something still uses it. */
static bool program_exists(const struct program *program);
/* BPF_PROG_TEST_RUN. */
static int program_run(struct program *program, uint32_t processor, uint32_t *return_value);

/* Ends the case without a trace, and says why. Does not return: call it where nothing is left to be cleaned up. */
static void fail_case(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- what a case owns ---- */

#define REASON_BYTES 512

static struct {
	jmp_buf failed;
	char reason[REASON_BYTES];
	int64_t id;			/* -1 until it is known */
	struct block *blocks;
	bool machine_is_on;
} current;

struct block {
	struct block *next;
	max_align_t bytes[];
};

static void fail_case(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(current.reason, REASON_BYTES, format, arguments);
	va_end(arguments);
	longjmp(current.failed, 1);
}

static void *checked(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "adapter: out of memory\n");
	exit(1);
}

/* Zeroed memory that is there until the case ends. */
static void *case_alloc(size_t count, size_t bytes)
{
	struct block *block = checked(calloc(1, sizeof(*block) + count * bytes));

	block->next = current.blocks;
	current.blocks = block;
	return block->bytes;
}

static void free_blocks(void)
{
	while (current.blocks) {
		struct block *block = current.blocks;

		current.blocks = block->next;
		free(block);
	}
}

/* ---- reading JSON: values are read in place, and numbers have to be whole ---- */

#define NESTING_MAX 32

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

struct json {
	enum json_kind kind;
	int64_t number;
	char *text;
	struct json *first;		/* of a list or an object */
	uint32_t count;
	char *key;			/* of a member of an object */
	struct json *next;
};

static char *skip_space(char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Writes a character of the Basic Multilingual Plane as UTF-8; returns how many bytes that are. */
static int put_utf8(char *to, unsigned int code)
{
	if (code < 0x80) {
		to[0] = code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = 0xc0 | code >> 6;
		to[1] = 0x80 | (code & 0x3f);
		return 2;
	}
	to[0] = 0xe0 | code >> 12;
	to[1] = 0x80 | (code >> 6 & 0x3f);
	to[2] = 0x80 | (code & 0x3f);
	return 3;
}

/* Reads the text behind an opening quote, and leaves `*text` at what was read; returns what follows the closing one. */
static char *read_text(char *at, char **text)
{
	static const char ESCAPED[] = "\"\\/bfnrt", MEANING[] = "\"\\/\b\f\n\r\t";
	char *to = at;

	*text = at;
	while (*at != '"') {
		const char *escape;
		unsigned int code;

		if (!*at)
			fail_case("a text does not end");
		if (*at != '\\') {
			*to++ = *at++;
			continue;
		}
		escape = at[1] ? strchr(ESCAPED, at[1]) : NULL;
		if (escape) {
			*to++ = MEANING[escape - ESCAPED];
			at += 2;
		} else if (at[1] == 'u' && strspn(at + 2, "0123456789abcdefABCDEF") >= 4 && sscanf(at + 2, "%4x", &code) == 1) {
			to += put_utf8(to, code);
			at += 6;
		} else {
			fail_case("an escape is unknown");
		}
	}
	at++;
	*to = '\0';
	return at;
}

static char *read_word(char *at, struct json *value)
{
	static const struct { const char *word; enum json_kind kind; } WORDS[] = {
		{ "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE },
	};

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		size_t bytes = strlen(WORDS[i].word);

		if (strncmp(at, WORDS[i].word, bytes) == 0) {
			value->kind = WORDS[i].kind;
			return at + bytes;
		}
	}
	fail_case("a value is none");
}

static char *read_number(char *at, struct json *value)
{
	char *end;

	errno = 0;
	value->kind = JSON_NUMBER;
	value->number = strtoll(at, &end, 10);
	if (end == at || errno || strchr(".eE", *end ? *end : ' '))
		fail_case("a number is no whole one");
	return end;
}

static char *read_value(char *at, struct json *value, int nesting);

static char *read_members(char *at, struct json *value, int nesting)
{
	struct json **last = &value->first;
	char closing = *at == '{' ? '}' : ']';

	value->kind = *at == '{' ? JSON_OBJECT : JSON_LIST;
	at = skip_space(at + 1);
	if (*at == closing)
		return at + 1;
	for (;;) {
		struct json *member = case_alloc(1, sizeof(*member));

		if (value->kind == JSON_OBJECT) {
			if (*at != '"')
				fail_case("a member has no name");
			at = skip_space(read_text(at + 1, &member->key));
			if (*at != ':')
				fail_case("a member has no value");
			at++;
		}
		at = skip_space(read_value(at, member, nesting + 1));
		*last = member;
		last = &member->next;
		value->count++;
		if (*at == closing)
			return at + 1;
		if (*at != ',')
			fail_case("a list or an object does not end");
		at = skip_space(at + 1);
	}
}

static char *read_value(char *at, struct json *value, int nesting)
{
	at = skip_space(at);
	if (nesting > NESTING_MAX)
		fail_case("values are nested too deeply");
	if (*at == '{' || *at == '[')
		return read_members(at, value, nesting);
	if (*at == '"') {
		value->kind = JSON_TEXT;
		return read_text(at + 1, &value->text);
	}
	return *at == '-' || (*at >= '0' && *at <= '9') ? read_number(at, value) : read_word(at, value);
}

static const struct json *read_line(char *line)
{
	struct json *value = case_alloc(1, sizeof(*value));

	if (*skip_space(read_value(line, value, 0)))
		fail_case("something follows the value");
	return value;
}

/* The member of that name, or NULL. */
static const struct json *member_of(const struct json *object, const char *key)
{
	if (object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *member = object->first; member; member = member->next)
		if (strcmp(member->key, key) == 0)
			return member;
	return NULL;
}

static const struct json *need(const struct json *object, const char *key, enum json_kind kind)
{
	const struct json *member = member_of(object, key);

	if (!member || member->kind != kind)
		fail_case("malformed request: %s", key);
	return member;
}

static const char *text_of(const struct json *object, const char *key)
{
	return need(object, key, JSON_TEXT)->text;
}

static int64_t number_of(const struct json *object, const char *key)
{
	return need(object, key, JSON_NUMBER)->number;
}

static uint32_t u32_of(const struct json *object, const char *key)
{
	int64_t number = number_of(object, key);

	if (number < 0 || number > UINT32_MAX)
		fail_case("malformed request: %s is %" PRId64, key, number);
	return number;
}

static int digit(char character)
{
	const char *digits = "0123456789abcdef", *found = character ? strchr(digits, character) : NULL;

	if (!found)
		fail_case("malformed request: no hexadecimal text");
	return found - digits;
}

/* The bytes that hexadecimal text gives. */
static uint8_t *bytes_of(const struct json *object, const char *key, size_t *count)
{
	const char *text = text_of(object, key);
	uint8_t *bytes;

	*count = strlen(text) / 2;
	bytes = case_alloc(*count, 1);
	for (size_t i = 0; i < *count; i++)
		bytes[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
	return bytes;
}

/* ---- writing JSON: a line is put together before it is written ---- */

static struct {
	char *bytes;
	size_t length;
	size_t capacity;
} out;

static void make_room(size_t bytes)
{
	if (out.length + bytes < out.capacity)
		return;
	out.capacity = 2 * out.capacity + bytes + 1;
	out.bytes = checked(realloc(out.bytes, out.capacity));
}

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list arguments, again;
	int bytes;

	va_start(arguments, format);
	va_copy(again, arguments);
	bytes = vsnprintf(NULL, 0, format, arguments);
	make_room(bytes + 1);
	vsnprintf(out.bytes + out.length, bytes + 1, format, again);
	out.length += bytes;
	va_end(again);
	va_end(arguments);
}

static void put_text(const char *text)
{
	put("\"");
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
			put("\\u%04x", *text);
		else
			put("%c", *text);
	put("\"");
}

static void put_hex(const uint8_t *bytes, size_t count)
{
	static const char DIGITS[] = "0123456789abcdef";

	make_room(2 * count);
	for (size_t i = 0; i < count; i++) {
		out.bytes[out.length++] = DIGITS[bytes[i] >> 4];
		out.bytes[out.length++] = DIGITS[bytes[i] & 15];
	}
}

/* Puts an end to a list or object, instead of the comma behind its last member. */
static void put_end(const char *end)
{
	if (out.bytes[out.length - 1] == ',')
		out.length--;
	put("%s", end);
}

static void write_line(void)
{
	put("\n");
	fwrite(out.bytes, 1, out.length, stdout);
	fflush(stdout);
	out.length = 0;
}

/* ---- the process that acts: what it holds, by name ---- */

#define LOG_CURSOR_BYTES 8
#define LOG_PARAMETERS_BYTES (256 * 8)
#define LOG_RECORDS_OFFSET (LOG_CURSOR_BYTES + LOG_PARAMETERS_BYTES)
#define LOG_RECORDS_MAX 255
#define KEY_OF_LOG (&(const uint32_t){ 0 })

struct log_record {
	uint32_t site;
	uint32_t cpu;
	uint64_t time_ns;
	int32_t value;
	int32_t value_high;
	int32_t aux;
	int32_t aux_high;
};

struct map_slot {
	const struct json *inner_name;
	struct map_spec spec;
	struct map *descriptor;
	struct map *pin;
};

struct program_slot {
	const struct json *relocations;
	struct program_spec spec;
	struct program *descriptor;
	struct program *pin;
	struct program *loaded;		/* the last, whether it still exists or not */
};

static struct {
	struct map_slot *maps;
	uint32_t map_count;
	struct program_slot *programs;
	uint32_t program_count;
	struct map_slot *log;		/* its map is held for the whole case */
	uint8_t *log_value;
	uint64_t records_read;
	bool has_capability;
} process;

static struct map_slot *map_named(const char *name)
{
	for (uint32_t i = 0; i < process.map_count; i++)
		if (strcmp(process.maps[i].spec.name, name) == 0)
			return &process.maps[i];
	fail_case("the case has no map %s", name);
}

static struct program_slot *program_named(const char *name)
{
	for (uint32_t i = 0; i < process.program_count; i++)
		if (strcmp(process.programs[i].spec.name, name) == 0)
			return &process.programs[i];
	fail_case("the case has no program %s", name);
}

static struct map_slot *map_of(const struct json *step)
{
	return map_named(text_of(step, "map"));
}

static struct program_slot *program_of(const struct json *step)
{
	return program_named(text_of(step, "program"));
}

static void read_map(const struct json *map, struct map_slot *slot)
{
	const struct json *field = need(map, "specialFields", JSON_LIST)->first;

	slot->inner_name = member_of(map, "innerMap");
	slot->spec.name = text_of(map, "name");
	slot->spec.type = u32_of(map, "type");
	slot->spec.key_bytes = u32_of(map, "keySize");
	slot->spec.value_bytes = u32_of(map, "valueSize");
	slot->spec.entries_max = u32_of(map, "maxEntries");
	slot->spec.flags = u32_of(map, "flags");
	slot->spec.has_btf = u32_of(map, "btfValueTypeId") != 0;
	slot->spec.fields = case_alloc(need(map, "specialFields", JSON_LIST)->count, sizeof(*slot->spec.fields));
	for (; field; field = field->next)
		slot->spec.fields[slot->spec.field_count++] = (struct special_field){
			.kind = text_of(field, "kind"), .offset_bytes = u32_of(field, "offset"),
		};
}

static void read_program(const struct json *program, struct program_slot *slot)
{
	const struct json *attach_to = member_of(program, "attachTo");
	const struct json *callbacks = need(program, "callbacks", JSON_LIST);
	size_t bytes;

	slot->relocations = need(program, "relocations", JSON_LIST);
	slot->spec.name = text_of(program, "name");
	slot->spec.type = u32_of(program, "type");
	slot->spec.expected_attach_type = u32_of(program, "expectedAttachType");
	slot->spec.flags = u32_of(program, "flags");
	slot->spec.license = text_of(program, "license");
	slot->spec.attach_to = attach_to ? text_of(attach_to, "name") : NULL;
	slot->spec.instructions = (struct instruction *)bytes_of(program, "instructions", &bytes);
	slot->spec.instruction_count = bytes / sizeof(struct instruction);
	slot->spec.packet_bytes = u32_of(program, "testRunBytes");
	slot->spec.callbacks = case_alloc(callbacks->count, sizeof(uint32_t));
	for (const struct json *callback = callbacks->first; callback; callback = callback->next)
		slot->spec.callbacks[slot->spec.callback_count++] = u32_of(callback, "instruction");
}

static void create_log(const struct json *scenario)
{
	int error;

	process.log = map_named(text_of(scenario, "logMap"));
	error = map_create(&process.log->spec, &process.log->descriptor);
	if (error)
		fail_case("the log map cannot be created: %d", error);
	process.log_value = case_alloc(process.log->spec.value_bytes, 1);
	if (process.log->spec.value_bytes < LOG_RECORDS_OFFSET + LOG_RECORDS_MAX * sizeof(struct log_record))
		fail_case("the log map's value is too small");
}

/* The programs' numbers lie behind the log's cursor. */
static void write_parameters(const struct json *scenario)
{
	size_t bytes;
	const uint8_t *parameters = bytes_of(scenario, "parameters", &bytes);
	int error;

	if (bytes > LOG_PARAMETERS_BYTES)
		fail_case("there are too many parameters");
	memcpy(process.log_value + LOG_CURSOR_BYTES, parameters, bytes);
	error = map_update(process.log->descriptor, KEY_OF_LOG, process.log_value, 0);
	if (error)
		fail_case("the log map cannot be written: %d", error);
}

static void read_scenario(const struct json *scenario)
{
	const struct json *maps = need(scenario, "maps", JSON_LIST);
	const struct json *programs = need(scenario, "programs", JSON_LIST);

	memset(&process, 0, sizeof(process));
	process.has_capability = true;
	process.maps = case_alloc(maps->count, sizeof(*process.maps));
	for (const struct json *map = maps->first; map; map = map->next)
		read_map(map, &process.maps[process.map_count++]);
	process.programs = case_alloc(programs->count, sizeof(*process.programs));
	for (const struct json *program = programs->first; program; program = program->next)
		read_program(program, &process.programs[process.program_count++]);
	create_log(scenario);
}

/* ---- what a load fills into instructions ---- */

#define OPCODE_LOAD_64 0x18
#define OPCODE_CALL 0x85

enum { SRC_MAP = 1, SRC_MAP_VALUE = 2, SRC_FUNCTION = 4, SRC_KFUNC = 2 };

static const struct json *relocation_at(const struct program_slot *slot, uint32_t at, const char *kind)
{
	for (const struct json *each = slot->relocations->first; each; each = each->next)
		if (u32_of(each, "instruction") == at && strcmp(text_of(each, "kind"), kind) == 0)
			return each;
	return NULL;
}

static int resolve(const struct program_slot *slot, uint32_t at, uint64_t *value)
{
	const struct instruction *load = &slot->spec.instructions[at];
	const struct json *relocation;
	struct map *map;

	if (load->src == SRC_FUNCTION) {
		*value = function_address(at + 1 + load->immediate);
		return 0;
	}
	if (load->src != SRC_MAP && load->src != SRC_MAP_VALUE)
		return -EINVAL;
	relocation = relocation_at(slot, at, "map");
	map = relocation ? map_of(relocation)->descriptor : NULL;
	if (!map)
		return -EBADF;
	if (load->src == SRC_MAP_VALUE)
		return map_value_address(map, load[1].immediate, value);
	*value = map_address(map);
	return 0;
}

/* A program as the runtime is handed it: loads that stand for something else hold 64-bit numbers. */
static int relocate(const struct program_slot *slot, struct program_spec *spec)
{
	size_t bytes = slot->spec.instruction_count * sizeof(struct instruction);

	*spec = slot->spec;
	spec->instructions = case_alloc(bytes, 1);
	memcpy(spec->instructions, slot->spec.instructions, bytes);
	for (uint32_t at = 0; at < spec->instruction_count; at++) {
		struct instruction *each = &spec->instructions[at];

		if (each->opcode == OPCODE_CALL && each->src == SRC_KFUNC) {
			const struct json *relocation = relocation_at(slot, at, "kfunc");

			each->immediate = relocation ? kfunc_number(text_of(relocation, "name")) : -EINVAL;
			if (each->immediate < 0)
				return each->immediate;
		} else if (each->opcode == OPCODE_LOAD_64 && at + 1 < spec->instruction_count) {
			uint64_t value;
			int error = each->src ? resolve(slot, at, &value) : 0;

			if (error)
				return error;
			if (each->src) {
				each->src = 0;
				each[0].immediate = (int32_t)value;
				each[1].immediate = (int32_t)(value >> 32);
			}
			at++;
		}
	}
	return 0;
}

/* ---- the steps: each returns its result, and puts what else it has to say into the answer ---- */

static bool is_per_cpu(const struct map_spec *spec)
{
	enum { PERCPU_HASH = 5, PERCPU_ARRAY = 6, LRU_PERCPU_HASH = 10 };

	return spec->type == PERCPU_HASH || spec->type == PERCPU_ARRAY || spec->type == LRU_PERCPU_HASH;
}

/* How many bytes one processor's value takes where user space sees it. */
static size_t stride_bytes(const struct map_spec *spec)
{
	return is_per_cpu(spec) ? ((size_t)spec->value_bytes + 7) / 8 * 8 : spec->value_bytes;
}

static size_t user_value_bytes(const struct map_spec *spec)
{
	return stride_bytes(spec) * (is_per_cpu(spec) ? HELLO.processors : 1);
}

static const uint8_t *key_of(const struct json *step, const struct map_spec *spec)
{
	size_t bytes;
	const uint8_t *key = bytes_of(step, "key", &bytes);

	if (bytes != spec->key_bytes)
		fail_case("a key of map %s has %zu bytes", spec->name, bytes);
	return key;
}

/* The value of a step; of a per-CPU map, the same for each processor. */
static const uint8_t *value_of(const struct json *step, const struct map_spec *spec)
{
	size_t bytes;
	const uint8_t *value = bytes_of(step, "value", &bytes);
	uint8_t *all = case_alloc(user_value_bytes(spec), 1);

	if (bytes != spec->value_bytes)
		fail_case("a value of map %s has %zu bytes", spec->name, bytes);
	for (size_t at = 0; at < user_value_bytes(spec); at += stride_bytes(spec))
		memcpy(all + at, value, bytes);
	return all;
}

/* Puts a new descriptor in the place of the old one, if there was one. */
static void hold_map(struct map_slot *slot, struct map *map)
{
	struct map *old = slot->descriptor;

	slot->descriptor = map;
	if (old)
		map_close(old);
}

static void hold_program(struct program_slot *slot, struct program *program)
{
	struct program *old = slot->descriptor;

	slot->descriptor = program;
	if (old)
		program_close(old);
}

static int do_create_map(const struct json *step)
{
	struct map_slot *slot = map_of(step);
	struct map *map;
	int error;

	if (!process.has_capability)
		return -EPERM;
	slot->spec.inner = NULL;
	if (slot->inner_name)
		slot->spec.inner = map_named(slot->inner_name->text)->descriptor;
	if (slot->inner_name && !slot->spec.inner)
		return -EBADF;
	error = map_create(&slot->spec, &map);
	if (!error)
		hold_map(slot, map);
	return error;
}

static int do_load_program(const struct json *step)
{
	struct program_slot *slot = program_of(step);
	char message[REASON_BYTES] = "";
	struct program_spec spec;
	struct program *program;
	int error;

	if (!process.has_capability)
		return -EPERM;
	error = relocate(slot, &spec);
	if (error)
		return error;
	error = program_load(&spec, &program, message, sizeof(message));
	if (!error) {
		slot->loaded = program;
		hold_program(slot, program);
	} else if (*message && HELLO.executes) {
		put("\"message\":");
		put_text(message);
		put(",");
	}
	return error;
}

static int do_run(const struct json *step)
{
	struct program *program = program_of(step)->descriptor;
	uint32_t processor = member_of(step, "cpu") ? u32_of(step, "cpu") : 0;
	uint32_t value = 0;
	int error;

	if (!program)
		return -EBADF;
	if (processor >= HELLO.processors)
		return -EINVAL;
	error = program_run(program, processor, &value);
	if (!error)
		put("\"returnValue\":%" PRIu32 ",", value);
	return error;
}

static int do_advance(const struct json *step)
{
	machine_advance(number_of(step, "ns"));
	return 0;
}

static int do_update(const struct json *step)
{
	const struct map_slot *slot = map_of(step);
	const uint8_t *key = key_of(step, &slot->spec);
	uint64_t flags = number_of(step, "flags");
	struct map *inner;

	if (!slot->descriptor)
		return -EBADF;
	if (!member_of(step, "valueMap"))
		return map_update(slot->descriptor, key, value_of(step, &slot->spec), flags);
	inner = map_named(text_of(step, "valueMap"))->descriptor;
	return inner ? map_update_inner(slot->descriptor, key, inner, flags) : -EBADF;
}

static int do_delete(const struct json *step)
{
	const struct map_slot *slot = map_of(step);
	const uint8_t *key = key_of(step, &slot->spec);

	return slot->descriptor ? map_delete(slot->descriptor, key) : -EBADF;
}

static int do_lookup(const struct json *step)
{
	const struct map_slot *slot = map_of(step);
	const uint8_t *key = key_of(step, &slot->spec);
	size_t bytes = user_value_bytes(&slot->spec);
	uint8_t *value = case_alloc(bytes, 1);
	int error;

	if (!slot->descriptor)
		return -EBADF;
	error = map_lookup(slot->descriptor, key, value);
	if (error)
		return error;
	/* Of a map of maps it would be the inner map's number, which says nothing. */
	if (slot->inner_name)
		memset(value, 0, bytes);
	put("\"value\":\"");
	put_hex(value, bytes);
	put("\",");
	return 0;
}

static int do_close_map(const struct json *step)
{
	struct map_slot *slot = map_of(step);

	if (!slot->descriptor)
		return -EBADF;
	hold_map(slot, NULL);
	return 0;
}

static int do_close_program(const struct json *step)
{
	struct program_slot *slot = program_of(step);

	if (!slot->descriptor)
		return -EBADF;
	hold_program(slot, NULL);
	return 0;
}

static int do_pin_map(const struct json *step)
{
	struct map_slot *slot = map_of(step);

	if (!slot->descriptor)
		return -EBADF;
	if (slot->pin)
		return -EEXIST;
	slot->pin = slot->descriptor;
	map_open(slot->pin);
	return 0;
}

static int do_unpin_map(const struct json *step)
{
	struct map_slot *slot = map_of(step);
	struct map *map = slot->pin;

	if (!map)
		return -ENOENT;
	slot->pin = NULL;
	map_close(map);
	return 0;
}

static int do_open_pin(const struct json *step)
{
	struct map_slot *slot = map_of(step);

	if (!slot->pin)
		return -ENOENT;
	map_open(slot->pin);
	hold_map(slot, slot->pin);
	return 0;
}

static int do_pin_program(const struct json *step)
{
	struct program_slot *slot = program_of(step);

	if (!slot->descriptor)
		return -EBADF;
	if (slot->pin)
		return -EEXIST;
	slot->pin = slot->descriptor;
	program_open(slot->pin);
	return 0;
}

static int do_unpin_program(const struct json *step)
{
	struct program_slot *slot = program_of(step);
	struct program *program = slot->pin;

	if (!program)
		return -ENOENT;
	slot->pin = NULL;
	program_close(program);
	return 0;
}

static int do_open_program_pin(const struct json *step)
{
	struct program_slot *slot = program_of(step);

	if (!slot->pin)
		return -ENOENT;
	program_open(slot->pin);
	hold_program(slot, slot->pin);
	return 0;
}

static int do_find_program(const struct json *step)
{
	const struct program *loaded = program_of(step)->loaded;

	return loaded && program_exists(loaded) ? 0 : -ENOENT;
}

/* A new process has the capability, and pins are still there. */
static int do_exit_process(const struct json *step)
{
	(void)step;
	for (uint32_t i = 0; i < process.map_count; i++)
		if (&process.maps[i] != process.log)
			hold_map(&process.maps[i], NULL);
	for (uint32_t i = 0; i < process.program_count; i++)
		hold_program(&process.programs[i], NULL);
	process.has_capability = true;
	return 0;
}

static int do_drop_capability(const struct json *step)
{
	(void)step;
	process.has_capability = false;
	return 0;
}

static const struct step_kind {
	const char *name;
	int (*execute)(const struct json *step);
} STEPS[] = {
	{ "create-map", do_create_map },
	{ "load-program", do_load_program },
	{ "run", do_run },
	{ "advance", do_advance },
	{ "update", do_update },
	{ "delete", do_delete },
	{ "lookup", do_lookup },
	{ "close-map", do_close_map },
	{ "close-program", do_close_program },
	{ "pin-map", do_pin_map },
	{ "unpin-map", do_unpin_map },
	{ "open-pin", do_open_pin },
	{ "pin-program", do_pin_program },
	{ "unpin-program", do_unpin_program },
	{ "open-program-pin", do_open_program_pin },
	{ "find-program", do_find_program },
	{ "exit-process", do_exit_process },
	{ "drop-capability", do_drop_capability },
};

#define STEP_KINDS (sizeof(STEPS) / sizeof(*STEPS))

static int execute(const struct json *step)
{
	const char *kind = text_of(step, "kind");

	for (size_t i = 0; i < STEP_KINDS; i++)
		if (strcmp(STEPS[i].name, kind) == 0)
			return STEPS[i].execute(step);
	fail_case("the step %s is unknown here", kind);
}

/* ---- a case: its trace, or of a runtime that only verifies what its loads gave ---- */

static uint64_t read_log(void)
{
	uint64_t claimed;
	int error = map_lookup(process.log->descriptor, KEY_OF_LOG, process.log_value);

	if (error)
		fail_case("the log map cannot be read: %d", error);
	memcpy(&claimed, process.log_value, sizeof(claimed));
	return claimed;
}

/* The records that have come since the last step. */
static void put_records(void)
{
	uint64_t claimed = read_log();

	put("\"records\":[");
	for (; process.records_read < claimed && process.records_read < LOG_RECORDS_MAX; process.records_read++) {
		struct log_record record;

		memcpy(&record, process.log_value + LOG_RECORDS_OFFSET + process.records_read * sizeof(record), sizeof(record));
		put("{\"site\":%" PRIu32 ",\"cpu\":%" PRIu32 ",\"timeNs\":%" PRIu64 ",\"value\":%" PRId32 ",\"aux\":%" PRId32 "},",
		    record.site, record.cpu, record.time_ns, record.value, record.aux);
	}
	put_end("]");
}

static void put_step(const struct json *step)
{
	int result;

	put("{");
	result = execute(step);
	put("\"result\":%d,\"timeNs\":%" PRIu64 ",", result, machine_now_ns());
	put_records();
	put("},");
}

static void put_trace(const struct json *scenario)
{
	uint64_t claimed;

	write_parameters(scenario);
	put("\"trace\":{\"format\":\"bpf-timer-conformance/trace\",\"version\":1,\"steps\":[");
	for (const struct json *step = need(scenario, "steps", JSON_LIST)->first; step; step = step->next)
		put_step(step);
	claimed = read_log();
	put_end("],");
	put("\"droppedRecords\":%" PRIu64 ",\"complaints\":[]}", claimed > LOG_RECORDS_MAX ? claimed - LOG_RECORDS_MAX : 0);
}

static void put_loads(const struct json *scenario)
{
	put("\"loads\":[");
	for (const struct json *step = need(scenario, "steps", JSON_LIST)->first; step; step = step->next) {
		bool is_load = strcmp(text_of(step, "kind"), "load-program") == 0;
		int result = execute(step);

		if (is_load)
			put("%d,", result);
	}
	put_end("]");
}

#define FORMAT "bpf-timer-conformance/scenario"
#define FORMAT_VERSION 3

static void check_format(const struct json *scenario)
{
	const char *format = text_of(scenario, "format");
	int64_t version = number_of(scenario, "version");

	if (strcmp(format, FORMAT) != 0 || version != FORMAT_VERSION)
		fail_case("a case of %s %" PRId64 " came, this adapter reads %s %d", format, version, FORMAT, FORMAT_VERSION);
}

static void answer_case(char *line)
{
	const struct json *request = read_line(line), *scenario;

	current.id = number_of(request, "id");
	scenario = need(request, "scenario", JSON_OBJECT);
	check_format(scenario);
	machine_begin();
	current.machine_is_on = true;
	read_scenario(scenario);
	put("{\"id\":%" PRId64 ",", current.id);
	if (HELLO.executes)
		put_trace(scenario);
	else
		put_loads(scenario);
	put("}");
}

static void answer(char *line)
{
	current.id = -1;
	if (setjmp(current.failed) == 0) {
		answer_case(line);
	} else if (current.id < 0) {
		fprintf(stderr, "adapter: a line names no case: %s\n", current.reason);
		exit(1);
	} else {
		out.length = 0;
		put("{\"id\":%" PRId64 ",\"error\":", current.id);
		put_text(current.reason);
		put("}");
	}
	write_line();
	if (current.machine_is_on)
		machine_end();
	current.machine_is_on = false;
	free_blocks();
}

/* ---- the beginning: who asks, and who answers ---- */

#define PROTOCOL 1

static void put_names(const char *key, names list)
{
	if (!list)
		return;
	put("\"%s\":[", key);
	for (; *list; list++)
		put("\"%s\",", *list);
	put_end("],");
}

static void put_steps(void)
{
	put("\"steps\":[");
	for (size_t i = 0; i < STEP_KINDS; i++)
		put("\"%s\",", STEPS[i].name);
	put_end("],");
}

static void say_hello(void)
{
	put("{\"protocol\":%d,\"name\":", PROTOCOL);
	put_text(HELLO.name);
	put(",\"version\":");
	put_text(HELLO.version);
	if (HELLO.linux_release)
		put(",\"linux\":\"%s\"", HELLO.linux_release);
	put(",\"executes\":%s,\"verifies\":%s,", HELLO.executes ? "true" : "false", HELLO.verifies ? "true" : "false");
	put_names("mapTypes", HELLO.map_types);
	put_names("programTypes", HELLO.program_types);
	put_names("helpers", HELLO.helpers);
	put_names("kfuncs", HELLO.kfuncs);
	if (HELLO.steps)
		put_names("steps", HELLO.steps);
	else
		put_steps();
	put("\"processors\":%" PRIu32 ",\"clock\":{\"kind\":\"%s\",\"latenessNs\":%" PRIu64 "},\"parallel\":1}",
	    HELLO.processors, HELLO.clock_is_real ? "real" : "virtual", HELLO.lateness_ns);
	write_line();
}

static bool is_greeted(char *line)
{
	int64_t protocol = 0;

	if (setjmp(current.failed) == 0) {
		protocol = number_of(read_line(line), "protocol");
		if (protocol != PROTOCOL)
			fail_case("the other side speaks protocol %" PRId64 ", this is %d", protocol, PROTOCOL);
	} else {
		fprintf(stderr, "adapter: no greeting: %s\n", current.reason);
		return false;
	}
	free_blocks();
	return true;
}

int main(void)
{
	size_t capacity = 0;
	char *line = NULL;

	if (getline(&line, &capacity, stdin) < 0 || !is_greeted(line))
		return 1;
	say_hello();
	while (getline(&line, &capacity, stdin) >= 0)
		answer(line);
	free(line);
	free(out.bytes);
	return 0;
}

/* ---- YOURS TO FILL IN: a runtime that has nothing. Whatever is not on the lists of HELLO is never asked for. ---- */

#ifndef OWN_RUNTIME

static const struct hello HELLO = {
	.name = "c-adapter",
	.version = "wired to nothing",
	.executes = false,
	.verifies = false,
	.map_types = NOTHING,
	.program_types = NOTHING,
	.helpers = NOTHING,
	.kfuncs = NOTHING,
	.steps = NOTHING,
	.processors = 1,
};

static void machine_begin(void)
{
}

static void machine_end(void)
{
}

static uint64_t machine_now_ns(void)
{
	return 0;
}

static void machine_advance(uint64_t ns)
{
	(void)ns;
}

static int map_create(const struct map_spec *spec, struct map **map)
{
	(void)spec, (void)map;
	return -ENOSYS;
}

static void map_open(struct map *map)
{
	(void)map;
}

static void map_close(struct map *map)
{
	(void)map;
}

static int map_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	(void)map, (void)key, (void)value, (void)flags;
	return -ENOSYS;
}

static int map_update_inner(struct map *outer, const void *key, struct map *inner, uint64_t flags)
{
	(void)outer, (void)key, (void)inner, (void)flags;
	return -ENOSYS;
}

static int map_delete(struct map *map, const void *key)
{
	(void)map, (void)key;
	return -ENOSYS;
}

static int map_lookup(struct map *map, const void *key, void *value)
{
	(void)map, (void)key, (void)value;
	return -ENOSYS;
}

static uint64_t map_address(struct map *map)
{
	(void)map;
	return 0;
}

static int map_value_address(struct map *map, uint32_t offset_bytes, uint64_t *address)
{
	(void)map, (void)offset_bytes, (void)address;
	return -ENOSYS;
}

static uint64_t function_address(uint32_t instruction)
{
	return instruction;
}

static int kfunc_number(const char *name)
{
	(void)name;
	return -ENOSYS;
}

static int program_load(const struct program_spec *spec, struct program **program, char *message, size_t message_bytes)
{
	(void)spec, (void)program, (void)message, (void)message_bytes;
	return -ENOSYS;
}

static void program_open(struct program *program)
{
	(void)program;
}

static void program_close(struct program *program)
{
	(void)program;
}

static bool program_exists(const struct program *program)
{
	(void)program;
	return false;
}

static int program_run(struct program *program, uint32_t processor, uint32_t *return_value)
{
	(void)program, (void)processor, (void)return_value;
	return -ENOSYS;
}

#endif

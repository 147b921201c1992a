/*
 * uBPF (https://github.com/iovisor/ubpf) as a runtime: the library executes bytecode and knows neither maps nor timers.
 * These, and a virtual clock, are here; see README.md for how it is compiled and what it is for.
 *
 * Programs take no time. Timers fire between steps, by expiry and then by when they were armed.
 */
#define OWN_RUNTIME
#include "../c-adapter/adapter.c"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <ubpf.h>

/* Defects for the suite to find: cc -DFAULT=IGNORES_BUSY. */
#ifndef FAULT
#define FAULT NONE
#endif
enum { NONE, IGNORES_BUSY, DELETE_KEEPS_TIMER, FIRES_EARLY };

#define START_NS 1000000000ull		/* CLOCK_MONOTONIC when a case begins */
#define RUN_NS 1000			/* what a run takes, so that no two are at the same time */
#define INTERRUPT_NS 1000		/* how soon after a callback the next one can follow that it armed itself */
#define JIFFY_NS 4000000
#define NEVER_NS INT64_MAX
#define MEMORY_BYTES (16 << 20)
#define KEPT_BYTES (32 << 20)
#define STACK_FRAME_BYTES 512
#define INSTRUCTIONS_MAX 20000000
#define ENOTSUPP 524			/* of the kernel alone */

static const char *const MAP_TYPES[] = {
	"BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_ARRAY", "BPF_MAP_TYPE_LRU_HASH", "BPF_MAP_TYPE_ARRAY_OF_MAPS",
	"BPF_MAP_TYPE_HASH_OF_MAPS", NULL,
};
static const char *const PROGRAM_TYPES[] = {
	"BPF_PROG_TYPE_SOCKET_FILTER", "BPF_PROG_TYPE_SCHED_CLS", "BPF_PROG_TYPE_SCHED_ACT", "BPF_PROG_TYPE_XDP",
	"BPF_PROG_TYPE_CGROUP_SKB", "BPF_PROG_TYPE_SYSCALL", NULL,
};
static const char *const HELPER_NAMES[] = {
	"bpf_map_lookup_elem", "bpf_map_update_elem", "bpf_map_delete_elem", "bpf_ktime_get_ns", "bpf_get_prandom_u32",
	"bpf_get_smp_processor_id", "bpf_get_numa_node_id", "bpf_spin_lock", "bpf_spin_unlock", "bpf_jiffies64",
	"bpf_ktime_get_boot_ns", "bpf_timer_init", "bpf_timer_set_callback", "bpf_timer_start", "bpf_timer_cancel", NULL,
};

static const struct hello HELLO = {
	.name = "uBPF",
	.version = "with the timers of examples/ubpf-adapter",
	.linux_release = "6.12",
	.executes = true,
	.verifies = false,
	.map_types = MAP_TYPES,
	.program_types = PROGRAM_TYPES,
	.helpers = HELPER_NAMES,
	.kfuncs = NOTHING,
	.processors = 2,
	.lateness_ns = INTERRUPT_NS,
};

/* ---- the machine ---- */

struct program {
	struct ubpf_vm *vm;
	uint32_t references;		/* descriptors, pins and timers that call one of its functions */
	struct program *next;
};

struct map {
	struct map_spec spec;
	uint32_t users;			/* descriptors and pins */
	uint32_t slots;			/* a hash map has one more than it can hold: a replaced element is freed last */
	uint8_t *elements;		/* of each slot the key, then the value */
	bool *is_used;
	uint64_t *touched;		/* of each slot: which of all uses of elements was its last */
	struct map **inner;		/* of an of-maps type: the map in each slot */
	int64_t timer_offset;		/* in the value; -1: there is none */
	int64_t lock_offset;
};

/* What bpf_timer_init() makes; the first 8 bytes of the struct bpf_timer in the value point to it. */
struct timer {
	struct map *map;
	uint8_t *value;
	struct program *program;	/* whose reference it holds; NULL: no callback is set */
	uint64_t callback;
	bool is_armed;
	int64_t expires_ns;
	int64_t not_before_ns;
	uint64_t armed;			/* orders timers with the same expiry */
	uint32_t processor;
	struct timer *next;
};

static struct {
	int64_t now_ns;
	uint32_t processor;
	struct program *executing;
	struct timer *running;		/* its callback executes */
	struct timer *timers;
	struct program *programs;
	uint64_t armed;
	uint64_t touched;
	size_t memory_bytes;		/* that are in use */
} machine;

/* All that programs may read and write besides their stack. */
static _Alignas(8) uint8_t memory[MEMORY_BYTES];

/* uBPF takes half a MiB for each program. Left alone, glibc hands it back to the kernel after each case. */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
#endif
}

static void machine_begin(void)
{
	keep_freed_memory();
	memset(memory, 0, machine.memory_bytes);
	memset(&machine, 0, sizeof(machine));
	machine.now_ns = START_NS;
}

static void machine_end(void)
{
	for (struct program *program = machine.programs; program; program = program->next)
		ubpf_destroy(program->vm);
	machine.programs = NULL;
}

static uint64_t machine_now_ns(void)
{
	return machine.now_ns;
}

static bool is_memory(void *context, uint64_t address, uint64_t bytes)
{
	uint64_t start = (uintptr_t)memory;

	(void)context;
	return address >= start && bytes <= machine.memory_bytes && address - start <= machine.memory_bytes - bytes;
}

/* ---- programs ---- */

/* What an execution begins with: the registers 1 to 3, and which function of the program it is of. */
struct entry {
	uint64_t function;		/* 0: the program itself */
	uint64_t r1, r2, r3;
};

static uint32_t execute_function(struct program *program, struct entry entry)
{
	uint64_t result = 0;

	machine.executing = program;
	if (ubpf_exec(program->vm, &entry, sizeof(entry), &result) != 0)
		fail_case("uBPF ended the execution of a program");
	machine.executing = NULL;
	return result;
}

static void program_open(struct program *program)
{
	program->references++;
}

static void program_close(struct program *program)
{
	program->references--;
}

static bool program_exists(const struct program *program)
{
	return program->references > 0;
}

/* ---- timers ---- */

static struct timer *timer_at(const uint8_t *field)
{
	struct timer *timer;

	memcpy(&timer, field, sizeof(timer));
	return timer;
}

static void put_timer(uint8_t *field, struct timer *timer)
{
	memcpy(field, &timer, sizeof(timer));
}

static void drop_callback(struct timer *timer)
{
	if (timer->program)
		program_close(timer->program);
	timer->program = NULL;
}

/* The element goes, or the map's last user: bpf_timer_cancel_and_free(). */
static void free_timer(const struct map *map, uint8_t *value)
{
	struct timer *timer = map->timer_offset < 0 ? NULL : timer_at(value + map->timer_offset);

	if (!timer)
		return;
	put_timer(value + map->timer_offset, NULL);
	drop_callback(timer);
	timer->is_armed = false;
}

static int timer_init(uint8_t *field, struct map *map, uint64_t flags)
{
	enum { REALTIME = 0, MONOTONIC = 1, BOOTTIME = 7 };
	struct timer *timer;

	if (flags != REALTIME && flags != MONOTONIC && flags != BOOTTIME)
		return -EINVAL;
	if (timer_at(field) && FAULT != IGNORES_BUSY)
		return -EBUSY;
	if (map->users == 0)
		return -EPERM;
	timer = case_alloc(1, sizeof(*timer));
	timer->map = map;
	timer->value = field - map->timer_offset;
	timer->next = machine.timers;
	machine.timers = timer;
	put_timer(field, timer);
	return 0;
}

static int timer_set_callback(const uint8_t *field, uint64_t callback)
{
	struct timer *timer = timer_at(field);

	if (!timer)
		return -EINVAL;
	if (timer->map->users == 0)
		return -EPERM;
	if (timer->program != machine.executing) {
		if (!program_exists(machine.executing))
			return -ENOENT;
		drop_callback(timer);
		program_open(machine.executing);
		timer->program = machine.executing;
	}
	timer->callback = callback;
	return 0;
}

static int timer_start(const uint8_t *field, uint64_t ns, uint64_t flags)
{
	enum { ABSOLUTE = 1, PINNED = 2 };
	struct timer *timer = timer_at(field);
	uint64_t base_ns = flags & ABSOLUTE ? 0 : machine.now_ns;

	if (flags & ~(uint64_t)(ABSOLUTE | PINNED) || !timer || !timer->program)
		return -EINVAL;
	timer->expires_ns = ns > NEVER_NS - base_ns ? NEVER_NS : (int64_t)(base_ns + ns);
	if (FAULT == FIRES_EARLY && timer->expires_ns - machine.now_ns > JIFFY_NS)
		timer->expires_ns -= JIFFY_NS;
	timer->not_before_ns = machine.running ? machine.now_ns + INTERRUPT_NS : 0;
	timer->processor = machine.processor;
	timer->armed = machine.armed++;
	timer->is_armed = true;
	return 0;
}

static int timer_cancel(const uint8_t *field)
{
	struct timer *timer = timer_at(field);
	bool was_armed;

	if (!timer)
		return -EINVAL;
	if (timer == machine.running)
		return -EDEADLK;
	was_armed = timer->is_armed;
	timer->is_armed = false;
	drop_callback(timer);
	return was_armed;
}

static int64_t due_ns(const struct timer *timer)
{
	return timer->expires_ns > timer->not_before_ns ? timer->expires_ns : timer->not_before_ns;
}

static bool is_sooner(const struct timer *one, const struct timer *other)
{
	if (due_ns(one) != due_ns(other))
		return due_ns(one) < due_ns(other);
	if (one->expires_ns != other->expires_ns)
		return one->expires_ns < other->expires_ns;
	return one->armed < other->armed;
}

static struct timer *next_timer(void)
{
	struct timer *next = NULL;

	for (struct timer *timer = machine.timers; timer; timer = timer->next)
		if (timer->is_armed && (!next || is_sooner(timer, next)))
			next = timer;
	return next;
}

static uint8_t *key_before(const struct map *map, uint8_t *value);

static void fire(struct timer *timer)
{
	struct entry entry = {
		.function = timer->callback,
		.r1 = (uintptr_t)timer->map,
		.r2 = (uintptr_t)key_before(timer->map, timer->value),
		.r3 = (uintptr_t)timer->value,
	};

	timer->is_armed = false;
	machine.processor = timer->processor;
	machine.running = timer;
	execute_function(timer->program, entry);
	machine.running = NULL;
}

/* Lets time pass up to then; timers fire on the way. */
static void pass_until(int64_t until_ns)
{
	struct timer *timer;

	while ((timer = next_timer()) && due_ns(timer) <= until_ns) {
		if (due_ns(timer) > machine.now_ns)
			machine.now_ns = due_ns(timer);
		fire(timer);
	}
	machine.now_ns = until_ns;
}

static void machine_advance(uint64_t ns)
{
	pass_until(machine.now_ns + ns);
}

static int program_run(struct program *program, uint32_t processor, uint32_t *return_value)
{
	pass_until(machine.now_ns + RUN_NS);
	machine.processor = processor;
	*return_value = execute_function(program, (struct entry){ 0 });
	pass_until(machine.now_ns);
	return 0;
}

/* ---- maps ---- */

enum { HASH = 1, ARRAY = 2, LRU_HASH = 9, ARRAY_OF_MAPS = 12, HASH_OF_MAPS = 13 };
enum { F_NO_PREALLOC = 1 << 0, F_NO_COMMON_LRU = 1 << 1, F_NUMA_NODE = 1 << 2, F_RDONLY = 1 << 3, F_WRONLY = 1 << 4,
       F_ZERO_SEED = 1 << 6, F_RDONLY_PROG = 1 << 7, F_WRONLY_PROG = 1 << 8, F_MMAPABLE = 1 << 10,
       F_INNER_MAP = 1 << 12 };
enum { UPDATE_NOEXIST = 1, UPDATE_EXIST = 2, UPDATE_LOCK = 4 };

#define ACCESS_FLAGS (F_RDONLY | F_WRONLY | F_RDONLY_PROG | F_WRONLY_PROG)

/* What of a type can be asked for when a map is created. */
static const struct map_type {
	bool is_array;
	bool is_of_maps;
	bool is_lru;
	uint32_t flags;
} TYPES[] = {
	[HASH] = { .flags = F_NO_PREALLOC | F_NUMA_NODE | F_ZERO_SEED | ACCESS_FLAGS },
	[ARRAY] = { .is_array = true, .flags = F_NUMA_NODE | F_MMAPABLE | F_INNER_MAP | ACCESS_FLAGS },
	[LRU_HASH] = { .is_lru = true, .flags = F_NO_COMMON_LRU | F_NUMA_NODE | F_ZERO_SEED | ACCESS_FLAGS },
	[ARRAY_OF_MAPS] = { .is_array = true, .is_of_maps = true, .flags = F_NUMA_NODE | F_RDONLY | F_WRONLY },
	[HASH_OF_MAPS] = { .is_of_maps = true, .flags = F_NO_PREALLOC | F_NUMA_NODE | F_ZERO_SEED | ACCESS_FLAGS },
};

static const struct map_type *type_of(const struct map *map)
{
	return &TYPES[map->spec.type];
}

static size_t round_up_8(size_t bytes)
{
	return (bytes + 7) / 8 * 8;
}

static size_t slot_bytes(const struct map_spec *spec)
{
	return round_up_8(spec->key_bytes) + round_up_8(spec->value_bytes);
}

static uint8_t *key_in(const struct map *map, uint32_t slot)
{
	return map->elements + slot * slot_bytes(&map->spec);
}

static uint8_t *value_in(const struct map *map, uint32_t slot)
{
	return key_in(map, slot) + round_up_8(map->spec.key_bytes);
}

static uint8_t *key_before(const struct map *map, uint8_t *value)
{
	return value - round_up_8(map->spec.key_bytes);
}

static int64_t offset_of(const struct map_spec *spec, const char *kind)
{
	for (uint32_t i = 0; i < spec->field_count; i++)
		if (strcmp(spec->fields[i].kind, kind) == 0)
			return spec->fields[i].offset_bytes;
	return -1;
}

/* Of two fields of a kind the kernel finds neither, nor any other field. */
static bool has_two_of_a_kind(const struct map_spec *spec)
{
	for (uint32_t i = 0; i < spec->field_count; i++)
		if (offset_of(spec, spec->fields[i].kind) != spec->fields[i].offset_bytes)
			return true;
	return false;
}

static int check_map(const struct map_spec *spec)
{
	const struct map_type *type = &TYPES[spec->type];
	bool both = (spec->flags & F_RDONLY_PROG) && (spec->flags & F_WRONLY_PROG);

	if (type->is_lru && spec->flags & F_NO_PREALLOC)
		return -ENOTSUPP;
	if (spec->entries_max == 0 || spec->value_bytes == 0 || spec->key_bytes == 0 || spec->flags & ~type->flags || both)
		return -EINVAL;
	if ((type->is_array && spec->key_bytes != 4) || (type->is_of_maps && spec->value_bytes != 4))
		return -EINVAL;
	if (type->is_of_maps && (!spec->inner || spec->inner->inner))
		return -EINVAL;
	if (spec->field_count == 0)
		return 0;
	if (spec->flags & (F_RDONLY_PROG | F_WRONLY_PROG))
		return -EACCES;
	return type->is_of_maps || (type->is_lru && offset_of(spec, "spin-lock") >= 0) ? -EOPNOTSUPP : 0;
}

static int map_create(const struct map_spec *given, struct map **created)
{
	struct map_spec spec = *given;
	struct map *map;
	size_t bytes;
	int error;

	if (has_two_of_a_kind(&spec))
		spec.field_count = 0;
	error = check_map(&spec);
	if (error)
		return error;
	map = case_alloc(1, sizeof(*map));
	map->spec = spec;
	map->users = 1;
	map->slots = spec.entries_max + !type_of(map)->is_array;
	map->timer_offset = offset_of(&spec, "timer");
	map->lock_offset = offset_of(&spec, "spin-lock");
	bytes = map->slots * slot_bytes(&spec);
	if (bytes > MEMORY_BYTES - machine.memory_bytes)
		return -ENOMEM;
	map->elements = memory + machine.memory_bytes;
	machine.memory_bytes += bytes;
	map->is_used = case_alloc(map->slots, sizeof(*map->is_used));
	map->touched = case_alloc(map->slots, sizeof(*map->touched));
	if (type_of(map)->is_of_maps)
		map->inner = case_alloc(map->slots, sizeof(*map->inner));
	for (uint32_t i = 0; type_of(map)->is_array && i < map->slots; i++) {
		memcpy(key_in(map, i), &i, sizeof(i));
		map->is_used[i] = !map->inner;
	}
	*created = map;
	return 0;
}

static void map_open(struct map *map)
{
	map->users++;
}

static void map_close(struct map *map)
{
	if (--map->users > 0)
		return;
	for (uint32_t i = 0; i < map->slots; i++)
		free_timer(map, value_in(map, i));
}

/* The slot with that key, or -1. */
static int64_t slot_of(const struct map *map, const void *key)
{
	for (uint32_t i = 0; i < map->slots; i++)
		if (map->is_used[i] && memcmp(key_in(map, i), key, map->spec.key_bytes) == 0)
			return i;
	return -1;
}

/* A slot that is not used; -1 where there is none, or the map holds as much as it can. */
static int64_t free_slot(const struct map *map, bool is_replacement)
{
	uint32_t used = 0;
	int64_t found = -1;

	for (uint32_t i = 0; i < map->slots; i++)
		if (map->is_used[i])
			used++;
		else if (found < 0)
			found = i;
	return used < map->spec.entries_max + is_replacement ? found : -1;
}

static uint32_t field_bytes(const struct special_field *field)
{
	return strcmp(field->kind, "spin-lock") == 0 ? 4 : 16;
}

/* Copies a value except for its special fields: bytes where both sides keep theirs. */
static void copy_value(const struct map *map, uint8_t *to, const uint8_t *from)
{
	if (map->spec.field_count == 0) {
		memcpy(to, from, map->spec.value_bytes);
		return;
	}
	for (uint32_t at = 0; at < map->spec.value_bytes; at++) {
		bool is_special = false;

		for (uint32_t i = 0; i < map->spec.field_count; i++) {
			const struct special_field *field = &map->spec.fields[i];

			is_special |= at >= field->offset_bytes && at < field->offset_bytes + field_bytes(field);
		}
		if (!is_special)
			to[at] = from[at];
	}
}

static int check_exists(bool exists, uint64_t flags)
{
	if (exists && flags & UPDATE_NOEXIST)
		return -EEXIST;
	return !exists && flags & UPDATE_EXIST ? -ENOENT : 0;
}

static bool is_outside(const struct map *map, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index >= map->spec.entries_max;
}

static void remove_element(struct map *map, uint32_t slot)
{
	map->is_used[slot] = false;
	if (FAULT != DELETE_KEEPS_TIMER)
		free_timer(map, value_in(map, slot));
}

/* Makes room in a full map that may: the element goes that was not used for longest. */
static void evict(struct map *map)
{
	int64_t oldest = -1;

	for (uint32_t i = 0; i < map->slots; i++)
		if (map->is_used[i] && (oldest < 0 || map->touched[i] < map->touched[oldest]))
			oldest = i;
	if (oldest >= 0)
		remove_element(map, oldest);
}

static int update_array(struct map *map, const void *key, const void *value, uint64_t flags)
{
	uint32_t index;

	if (is_outside(map, key))
		return -E2BIG;
	if (flags & UPDATE_NOEXIST)
		return -EEXIST;
	memcpy(&index, key, sizeof(index));
	copy_value(map, value_in(map, index), value);
	free_timer(map, value_in(map, index));
	return 0;
}

/* An element is replaced by a new one, unless its lock is asked for: then it is written in place. */
static int update_hash(struct map *map, const void *key, const void *value, uint64_t flags)
{
	int64_t old = slot_of(map, key), slot;
	int error = check_exists(old >= 0, flags);

	if (error)
		return error;
	if (old < 0 && free_slot(map, false) < 0 && type_of(map)->is_lru)
		evict(map);
	slot = old >= 0 && flags & UPDATE_LOCK ? old : free_slot(map, old >= 0);
	if (slot < 0)
		return -E2BIG;
	memcpy(key_in(map, slot), key, map->spec.key_bytes);
	copy_value(map, value_in(map, slot), value);
	map->is_used[slot] = true;
	map->touched[slot] = ++machine.touched;
	if (old >= 0 && old != slot)
		remove_element(map, old);
	return 0;
}

static int map_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	if ((flags & ~(uint64_t)UPDATE_LOCK) > UPDATE_EXIST || (flags & UPDATE_LOCK && map->lock_offset < 0) || map->inner)
		return -EINVAL;
	return type_of(map)->is_array ? update_array(map, key, value, flags) : update_hash(map, key, value, flags);
}

/* bpf_map_meta_equal(). */
static bool are_alike(const struct map *one, const struct map *other)
{
	const struct map_spec *a = &one->spec, *b = &other->spec;
	bool is_sized = a->type == ARRAY && !(a->flags & F_INNER_MAP);

	return a->type == b->type && a->key_bytes == b->key_bytes && a->value_bytes == b->value_bytes &&
	       a->flags == b->flags && one->timer_offset == other->timer_offset && one->lock_offset == other->lock_offset &&
	       offset_of(a, "work-queue") == offset_of(b, "work-queue") && (!is_sized || a->entries_max == b->entries_max);
}

static int map_update_inner(struct map *outer, const void *key, struct map *inner, uint64_t flags)
{
	int64_t old = slot_of(outer, key), slot;
	int error;

	if (flags > (type_of(outer)->is_array ? 0 : UPDATE_EXIST))
		return -EINVAL;
	if (type_of(outer)->is_array && is_outside(outer, key))
		return -E2BIG;
	if (!are_alike(outer->spec.inner, inner))
		return -EINVAL;
	error = check_exists(old >= 0, flags);
	if (error)
		return error;
	slot = old;
	if (slot < 0 && type_of(outer)->is_array)
		slot = *(const uint32_t *)key;
	else if (slot < 0)
		slot = free_slot(outer, false);
	if (slot < 0)
		return -E2BIG;
	memcpy(key_in(outer, slot), key, outer->spec.key_bytes);
	outer->is_used[slot] = true;
	outer->inner[slot] = inner;
	return 0;
}

static int map_delete(struct map *map, const void *key)
{
	int64_t slot = slot_of(map, key);

	if (type_of(map)->is_array && !map->inner)
		return -EINVAL;
	if (type_of(map)->is_array && is_outside(map, key))
		return -E2BIG;
	if (slot < 0)
		return -ENOENT;
	remove_element(map, slot);
	return 0;
}

static int map_lookup(struct map *map, const void *key, void *value)
{
	int64_t slot = slot_of(map, key);

	if (slot < 0)
		return -ENOENT;
	memset(value, 0, map->spec.value_bytes);
	copy_value(map, value, value_in(map, slot));
	return 0;
}

static uint64_t map_address(struct map *map)
{
	return (uintptr_t)map;
}

static int map_value_address(struct map *map, uint32_t offset_bytes, uint64_t *address)
{
	if (!type_of(map)->is_array || map->inner)
		return -EINVAL;
	if (map->spec.entries_max != 1)
		return -ENOTSUPP;
	if (offset_bytes >= map->spec.value_bytes)
		return -EINVAL;
	*address = (uintptr_t)value_in(map, 0) + offset_bytes;
	return 0;
}

/* ---- helpers, by number: uBPF keeps 64 of its own accord, so that all go through one function ---- */

#define POINTER(argument) ((void *)(uintptr_t)(argument))

static uint64_t help_map_lookup(const uint64_t *argument)
{
	const struct map *map = POINTER(argument[0]);
	int64_t slot = slot_of(map, POINTER(argument[1]));

	if (slot < 0)
		return 0;
	map->touched[slot] = ++machine.touched;
	return map->inner ? (uintptr_t)map->inner[slot] : (uintptr_t)value_in(map, slot);
}

static uint64_t help_map_update(const uint64_t *argument)
{
	return map_update(POINTER(argument[0]), POINTER(argument[1]), POINTER(argument[2]), argument[3]);
}

static uint64_t help_map_delete(const uint64_t *argument)
{
	return map_delete(POINTER(argument[0]), POINTER(argument[1]));
}

static uint64_t help_now(const uint64_t *argument)
{
	(void)argument;
	return machine.now_ns;
}

static uint64_t help_jiffies(const uint64_t *argument)
{
	(void)argument;
	return machine.now_ns / JIFFY_NS;
}

static uint64_t help_processor(const uint64_t *argument)
{
	(void)argument;
	return machine.processor;
}

/* A case has to give the same trace every time; one processor executes at a time, so that a lock is free. */
static uint64_t help_zero(const uint64_t *argument)
{
	(void)argument;
	return 0;
}

static uint64_t help_timer_init(const uint64_t *argument)
{
	return timer_init(POINTER(argument[0]), POINTER(argument[1]), argument[2]);
}

static uint64_t help_timer_set_callback(const uint64_t *argument)
{
	return timer_set_callback(POINTER(argument[0]), argument[1]);
}

static uint64_t help_timer_start(const uint64_t *argument)
{
	return timer_start(POINTER(argument[0]), argument[1], argument[2]);
}

static uint64_t help_timer_cancel(const uint64_t *argument)
{
	return timer_cancel(POINTER(argument[0]));
}

static uint64_t (*const HELPERS[])(const uint64_t *argument) = {
	[1] = help_map_lookup,
	[2] = help_map_update,
	[3] = help_map_delete,
	[5] = help_now,
	[7] = help_zero,
	[8] = help_processor,
	[42] = help_zero,
	[93] = help_zero,
	[94] = help_zero,
	[118] = help_jiffies,
	[125] = help_now,
	[169] = help_timer_init,
	[170] = help_timer_set_callback,
	[171] = help_timer_start,
	[172] = help_timer_cancel,
};

static bool is_helper(unsigned int number, const struct ubpf_vm *vm)
{
	(void)vm;
	return number < sizeof(HELPERS) / sizeof(*HELPERS) && HELPERS[number];
}

static uint64_t call_helper(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, unsigned int number,
			    void *cookie)
{
	(void)cookie;
	return HELPERS[number]((const uint64_t[]){ r1, r2, r3, r4, r5 });
}

/* ---- loading: a function's address is where it begins, and a prefix goes there with three arguments ---- */

static uint64_t function_address(uint32_t instruction)
{
	return instruction;
}

static int kfunc_number(const char *name)
{
	(void)name;
	return -EINVAL;
}

/* uBPF takes the stack that a function uses from the caller's. */
static int stack_usage(const struct ubpf_vm *vm, uint16_t instruction, void *cookie)
{
	(void)vm, (void)instruction, (void)cookie;
	return STACK_FRAME_BYTES;
}

#define PREFIX_LOADS 4

/* uBPF enters a program at its start, with `mem` in register 1: here a struct entry. */
static struct instruction *with_prefix(const struct program_spec *spec, uint32_t *count)
{
	enum { LOAD_8_BYTES = 0x79, JUMP_IF_EQUAL = 0x15 };
	const struct instruction loads[PREFIX_LOADS] = {
		{ .opcode = LOAD_8_BYTES, .dst = 0, .src = 1, .offset = offsetof(struct entry, function) },
		{ .opcode = LOAD_8_BYTES, .dst = 2, .src = 1, .offset = offsetof(struct entry, r2) },
		{ .opcode = LOAD_8_BYTES, .dst = 3, .src = 1, .offset = offsetof(struct entry, r3) },
		{ .opcode = LOAD_8_BYTES, .dst = 1, .src = 1, .offset = offsetof(struct entry, r1) },
	};
	uint32_t prefix = PREFIX_LOADS + spec->callback_count;
	struct instruction *code = case_alloc(prefix + spec->instruction_count, sizeof(*code));

	memcpy(code, loads, sizeof(loads));
	for (uint32_t i = 0; i < spec->callback_count; i++)
		code[PREFIX_LOADS + i] = (struct instruction){
			.opcode = JUMP_IF_EQUAL,
			.immediate = spec->callbacks[i],
			.offset = prefix + spec->callbacks[i] - (PREFIX_LOADS + i) - 1,
		};
	memcpy(code + prefix, spec->instructions, spec->instruction_count * sizeof(*code));
	*count = prefix + spec->instruction_count;
	return code;
}

static int program_load(const struct program_spec *spec, struct program **loaded, char *message, size_t message_bytes)
{
	struct program *program = case_alloc(1, sizeof(*program));
	char *complaint = NULL;
	uint32_t count;
	const struct instruction *code = with_prefix(spec, &count);

	program->vm = checked(ubpf_create());
	program->references = 1;
	program->next = machine.programs;
	machine.programs = program;
	ubpf_toggle_readonly_bytecode(program->vm, false);
	ubpf_register_external_dispatcher(program->vm, call_helper, is_helper);
	ubpf_register_stack_usage_calculator(program->vm, stack_usage, NULL);
	ubpf_register_data_bounds_check(program->vm, NULL, is_memory);
	ubpf_set_instruction_limit(program->vm, INSTRUCTIONS_MAX, NULL);
	if (ubpf_load(program->vm, code, count * sizeof(*code), &complaint) != 0) {
		snprintf(message, message_bytes, "uBPF: %s", complaint ? complaint : "");
		free(complaint);
		return -EINVAL;
	}
	*loaded = program;
	return 0;
}

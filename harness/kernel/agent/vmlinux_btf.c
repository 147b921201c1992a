#include "vmlinux_btf.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIND_ENUM64 = 19, KINDS = 20, FOUND_MAX = 64 };

struct btf_layout {
	uint32_t fixed; /* bytes behind struct btf_type */
	uint32_t per_entry; /* and as many again for each of its vlen entries */
};

/* From include/uapi/linux/btf.h; a kind without a line has nothing behind struct btf_type. */
static const struct btf_layout layouts[KINDS] = {
	[BTF_KIND_INT] = { 4, 0 },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
	[KIND_ENUM64] = { 0, 12 },
};

static const struct {
	const char *name;
	uint32_t kind;
} kind_names[] = {
	{ "func", BTF_KIND_FUNC },
	{ "struct", BTF_KIND_STRUCT },
	{ "typedef", BTF_KIND_TYPEDEF },
};

/* Reading all types takes tens of milliseconds on an emulated CPU: every answer is kept. */
static struct {
	uint32_t kind;
	char name[64];
	uint32_t id;
} found[FOUND_MAX];
static uint32_t found_count;

static const char *btf;
static size_t btf_length;

static void read_vmlinux_btf(void)
{
	static int tried;
	int fd;
	struct stat status;
	char *bytes;
	ssize_t got;

	if (tried)
		return;
	tried = 1;
	fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	bytes = fstat(fd, &status) ? NULL : malloc(status.st_size);
	while (bytes && btf_length < (size_t)status.st_size) {
		got = read(fd, bytes + btf_length, status.st_size - btf_length);
		if (got <= 0)
			break;
		btf_length += got;
	}
	btf = bytes;
	close(fd);
}

static uint32_t search(uint32_t kind, const char *name)
{
	const struct btf_header *header = (const void *)btf;
	const char *at, *end, *strings;

	if (!btf || btf_length < sizeof(*header) || header->magic != BTF_MAGIC)
		return 0;
	at = btf + header->hdr_len + header->type_off;
	end = at + header->type_len;
	strings = btf + header->hdr_len + header->str_off;
	if (end > btf + btf_length || strings + header->str_len > btf + btf_length)
		return 0;
	for (uint32_t id = 1; at + sizeof(struct btf_type) <= end; id++) {
		const struct btf_type *type = (const void *)at;
		uint32_t type_kind = BTF_INFO_KIND(type->info);

		if (type_kind == kind && !strcmp(strings + type->name_off, name))
			return id;
		if (type_kind >= KINDS) {
			fprintf(stderr, "agent: unknown BTF kind %u in vmlinux, %s not found\n", type_kind, name);
			return 0;
		}
		at += sizeof(*type) + layouts[type_kind].fixed +
		      layouts[type_kind].per_entry * BTF_INFO_VLEN(type->info);
	}
	return 0;
}

uint32_t vmlinux_btf_find(const char *kind_name, const char *name)
{
	uint32_t kind = 0, id;

	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
		if (!strcmp(kind_names[i].name, kind_name))
			kind = kind_names[i].kind;
	if (!kind)
		return 0;
	for (uint32_t i = 0; i < found_count; i++)
		if (found[i].kind == kind && !strcmp(found[i].name, name))
			return found[i].id;
	read_vmlinux_btf();
	id = search(kind, name);
	if (found_count < FOUND_MAX && strlen(name) < sizeof(found[0].name)) {
		found[found_count].kind = kind;
		strcpy(found[found_count].name, name);
		found[found_count++].id = id;
	}
	return id;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ptplens/event.h>

#define FLAG_BEFORE 8u /* BPF_F_BEFORE, newer than the headers */

static const uint32_t attach_types[2] = {[PTPLENS_RECEIVE] = 46, [PTPLENS_TRANSMIT] = 47}; /* BPF_TCX_INGRESS, BPF_TCX_EGRESS */

static int attach(struct pl_tcx *t, int direction, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof info;

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		return -errno;
	t->program_ids[direction] = info.id;
	t->links[direction] = bpf_link_create(program, (int)t->ifindex, (enum bpf_attach_type)attach_types[direction], &options);
	return t->links[direction] < 0 ? -errno : 0;
}

int pl_tcx_attach(struct pl_tcx *t, uint32_t ifindex, const int *programs)
{
	*t = (struct pl_tcx){.ifindex = ifindex, .links = {-1, -1}};
	int error = attach(t, PTPLENS_RECEIVE, programs[PTPLENS_RECEIVE]);
	if (!error)
		error = attach(t, PTPLENS_TRANSMIT, programs[PTPLENS_TRANSMIT]);
	if (error)
		pl_tcx_detach(t);
	return error;
}

void pl_tcx_detach(struct pl_tcx *t)
{
	for (int i = 0; i < 2; i++) {
		if (t->links[i] < 0)
			continue;
		bpf_link_detach(t->links[i]);
		close(t->links[i]);
		t->links[i] = -1;
	}
}

struct query { /* bpf(2)'s, newer than the headers */
	uint32_t ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t program_ids;
	uint32_t count;
	uint32_t reserved;
	uint64_t unused[3];
	uint64_t revision;
};

int pl_tcx_list(uint32_t ifindex, int direction, uint32_t *ids, uint32_t *count)
{
	struct query q = {
	    .ifindex = ifindex, .attach_type = attach_types[direction], .program_ids = (uint64_t)(uintptr_t)ids, .count = PL_TCX_CHAIN_MAX};

	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof q))
		return -errno;
	*count = q.count < PL_TCX_CHAIN_MAX ? q.count : PL_TCX_CHAIN_MAX;
	return 0;
}

int pl_tcx_name(uint32_t id, char *name)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof info;
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return fd;
	int error = bpf_obj_get_info_by_fd(fd, &info, &length);
	close(fd);
	if (!error)
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	return error;
}

/* A tap of another session passes everything on. Who may not look takes it for a stranger. */
static int is_a_tap(uint32_t id)
{
	char name[BPF_OBJ_NAME_LEN];

	return !pl_tcx_name(id, name) && !strncmp(name, PL_TCX_TAP, strlen(PL_TCX_TAP));
}

int pl_tcx_look(const struct pl_tcx *t, int *ahead)
{
	for (int i = 0; i < 2; i++) {
		uint32_t ids[PL_TCX_CHAIN_MAX] = {0}, count;
		int error = pl_tcx_list(t->ifindex, i, ids, &count);
		if (error)
			return error;
		for (uint32_t k = 0; k < count && ids[k] != t->program_ids[i]; k++)
			if (!is_a_tap(ids[k]))
				*ahead = 1;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The BPF programs and maps of one tap, loaded with the best way to see transmit stamps that the kernel grants. */
#ifndef PL_TAP_PROGRAMS_H
#define PL_TAP_PROGRAMS_H

#include <stddef.h>

#include "error.h"
#include "linux/layout.h"
#include "ring.h"

struct bpf_object;
struct bpf_link;

struct pl_programs {
	struct bpf_object *object;
	struct bpf_link *stamp_links[2];
	int tc[2];                             /* program descriptors by enum ptplens_direction */
	uint32_t hooks;                        /* PTPLENS_HOOK_* of the stamp hooks that are on */
	const struct pl_ring_control *control; /* read-only, and the kernel refuses to make them writable */
	const struct pl_ring_slot *slots;
	const struct pl_tap_counters *counters;
	size_t slots_bytes;
};

/* config->mask + 1 slots. The stamp hooks are on when this returns. */
int pl_programs_open(struct pl_programs *, const struct pl_tap_config *config, const char *interface, struct pl_error *);
void pl_programs_detach(struct pl_programs *);
void pl_programs_close(struct pl_programs *);

#endif

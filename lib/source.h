/* SPDX-License-Identifier: BSD-3-Clause */
/* What a session reads from. One implementation a kind: source_live.c (tap, capture, join; also the simulator), source_file.c. */
#ifndef PL_SOURCE_H
#define PL_SOURCE_H

#include <stdatomic.h>

#include "error.h"
#include <ptplens/ptplens.h>

struct pl_source;

struct pl_source_ops {
	/* As ptplens_session_read; stop is looked at whenever the call would wait. */
	int (*read)(struct pl_source *, struct ptplens_message *out, size_t n, int timeout_ms, size_t *count, struct pl_error *);
	size_t (*interfaces)(const struct pl_source *);
	void (*interface)(const struct pl_source *, size_t index, struct ptplens_interface *out);
	void (*certificate)(const struct pl_source *, size_t index, struct ptplens_certificate *out);
	const char *(*notes)(const struct pl_source *);
	void (*close)(struct pl_source *);
	/* As ptplens_session_samples; returns the count. */
	size_t (*samples)(const struct pl_source *, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n);
	/* As ptplens_session_counters; NULL: a source without any. */
	size_t (*counters)(const struct pl_source *, size_t index, struct ptplens_counter *out, size_t n);
};

struct pl_source {
	const struct pl_source_ops *ops;
	const atomic_int *stop; /* the session's: set by ptplens_session_stop */
};

/* SOURCE string to source. *out is set only on success. options: never NULL, all fields known. */
int pl_source_open(struct pl_source **out, const char *text, const struct ptplens_session_options *options, struct pl_error *);

int pl_source_file_open(struct pl_source **out, const char *path, struct pl_error *);
int pl_source_live_open(struct pl_source **out, const char *interfaces, const struct ptplens_session_options *options, struct pl_error *);
int pl_source_simulated_open(struct pl_source **out, const char *scenario, const struct ptplens_session_options *options,
                             struct pl_error *);

#endif

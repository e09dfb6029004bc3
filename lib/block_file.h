/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that grows by whole blocks: collected in one buffer, written by one write(), cut back to a block's end when the disk is full. */
#ifndef PL_BLOCK_FILE_H
#define PL_BLOCK_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define PL_BLOCK_FILE_BLOCK_MAX (320u << 10)

struct pl_block_file {
	int fd; /* -1: not open */
	int regular;
	const char *name; /* the caller's, for sentences */
	uint8_t *buffer;
	size_t used;
	uint64_t written;   /* bytes that write() took */
	int64_t waiting_ns; /* since when the first block of the buffer does */
	int64_t synced_ns;
};

/* path "-": standard output. All times are CLOCK_MONOTONIC. */
int pl_block_file_open(struct pl_block_file *, const char *path, int overwrite, struct pl_error *);

/* One whole block of at most PL_BLOCK_FILE_BLOCK_MAX bytes, waiting to be written since since_ns. */
int pl_block_file_add(struct pl_block_file *, const uint8_t *block, size_t n, int64_t since_ns, struct pl_error *);

/* Writes what is old enough, and brings it to the disk now and then. */
int pl_block_file_tick(struct pl_block_file *, int64_t now_ns, struct pl_error *);

/* Writes everything, brings it to the disk and closes. */
int pl_block_file_finish(struct pl_block_file *, struct pl_error *);

/* Closes and frees without writing. */
void pl_block_file_close(struct pl_block_file *);

#endif

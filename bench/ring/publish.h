/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* Between the benchmark's BPF programs and its user. */
#ifndef PUBLISH_H
#define PUBLISH_H

#include <ptplens/event.h>

#define BUFFER_BYTES (8u << 20)

enum publish_path { PATH_EMPTY, PATH_PARSE, PATH_BUFFER, PATH_RING, PATHS };

struct publish_constants {
	uint32_t path; /* enum publish_path */
	uint32_t mask;
};

#endif

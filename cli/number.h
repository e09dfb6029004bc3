/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of the command line: the whole text or nothing. 0, or -1. */
#ifndef NUMBER_H
#define NUMBER_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static inline int number_count(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v == 0)
		return -1;
	*out = v;
	return 0;
}

static inline int number_seconds(const char *text, double *out)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v > 0 && v < 1e9))
		return -1;
	*out = v;
	return 0;
}

#endif

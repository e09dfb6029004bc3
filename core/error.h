/* SPDX-License-Identifier: BSD-3-Clause */
/* An error with its sentence, on its way from where it happened to whoever shows it. */
#ifndef PL_ERROR_H
#define PL_ERROR_H

#include <ptplens/error.h>

struct pl_error {
	int code; /* enum ptplens_error */
	char text[512];
};

/* Sets *e and returns code. A call that fails sets it once, with the name of what it failed on. */
int pl_fail(struct pl_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

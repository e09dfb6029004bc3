/* SPDX-License-Identifier: BSD-3-Clause */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int pl_fail(struct pl_error *e, int code, const char *format, ...)
{
	va_list arguments;

	e->code = code;
	va_start(arguments, format);
	vsnprintf(e->text, sizeof e->text, format, arguments);
	va_end(arguments);
	return code;
}

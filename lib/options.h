/* SPDX-License-Identifier: BSD-3-Clause */
/* Sized options: a caller built against an older header passes fewer bytes, one built against a newer header may pass more if they are 0.
 */
#ifndef PL_OPTIONS_H
#define PL_OPTIONS_H

#include <stddef.h>
#include <string.h>

/* Copies what is known, zeroes what the caller does not have. NULL: all defaults. -1: the caller sets something unknown. */
static inline int pl_options_copy(void *known, size_t known_bytes, const void *given)
{
	size_t given_bytes;

	memset(known, 0, known_bytes);
	if (!given)
		return 0;
	memcpy(&given_bytes, given, sizeof given_bytes);
	if (given_bytes < sizeof given_bytes)
		return -1;
	for (size_t i = known_bytes; i < given_bytes; i++)
		if (((const unsigned char *)given)[i])
			return -1;
	memcpy(known, given, given_bytes < known_bytes ? given_bytes : known_bytes);
	return 0;
}

#endif

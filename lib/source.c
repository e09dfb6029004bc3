/* SPDX-License-Identifier: BSD-3-Clause */
/* SOURCE: one string for every place that messages come from. */
#include "source.h"

#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

static int is_interface_list(const char *text)
{
	char name[IF_NAMESIZE];
	size_t bytes = strcspn(text, ",");

	if (bytes == 0 || bytes >= sizeof name || strchr(text, '/'))
		return 0;
	memcpy(name, text, bytes);
	name[bytes] = 0;
	return if_nametoindex(name) != 0;
}

int pl_source_open(struct pl_source **out, const char *text, const struct ptplens_session_options *options, struct pl_error *error)
{
	struct stat s;

	if (!*text)
		return pl_fail(error, PTPLENS_E_ARGUMENT, "an empty source: give an interface, a file or sim:SCENARIO");
	if (!strncmp(text, "sim:", 4))
		return pl_source_simulated_open(out, text + 4, options, error);
	if (is_interface_list(text))
		return pl_source_live_open(out, text, options, error);
	if (!strcmp(text, "-") || strchr(text, '/') || !stat(text, &s))
		return pl_source_file_open(out, text, error);
	return pl_fail(error, PTPLENS_E_NOT_FOUND, "%s: no such interface or file", text);
}

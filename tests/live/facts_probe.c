/* SPDX-License-Identifier: BSD-3-Clause */
/* facts_probe INTERFACE: prints its facts, one "name=value" a line, lists with commas.
 * facts_probe --users PATH: prints who else has a file open. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"

static void names(const char *what, const struct pl_names *n)
{
	printf("%s=", what);
	for (uint32_t i = 0; i < n->count && i < sizeof n->list / sizeof n->list[0]; i++)
		printf("%s%s", i ? "," : "", n->list[i]);
	printf("\n%s_count=%u\n", what, n->count);
}

static void print(const struct pl_interface_facts *f)
{
	printf("name=%s\nifindex=%u\nethernet=%d\nup=%d\ncarrier=%d\nkind=%s\nstacked=%d\nlower=%s\nmaster=%s\nmaster_kind=%s\n", f->name,
	       f->ifindex, f->ethernet, f->up, f->carrier, f->kind, f->stacked, f->lower, f->master, f->master_kind);
	printf(
	    "xdp=%d\nxdp_program=%s\ndriver=%s\nabilities=%d\nstamping=%u\nfilters=%u\nprovider=%d\nsettings=%d\ntransmit=%d\nreceive=%u\n",
	    f->xdp, f->xdp_program, f->driver, f->abilities, f->stamping, f->filters, f->provider, f->settings, f->transmit, f->receive);
	printf("clock=%d\nclock_name=%s\nclock_error=%d\nclock_offset_ns=%" PRId64 "\nclock_half_width_ns=%" PRId64 "\nchain=%d\ntaps=%u\n",
	       f->clock, f->clock_name, f->clock_error, f->clock_offset_ns, f->clock_half_width_ns, f->chain, f->taps);
	for (uint32_t i = 0; i < f->n_lost; i++)
		printf("lost_%s=%" PRIu64 "\n", f->lost[i].name, f->lost[i].value);
	names("ports", &f->ports);
	names("uppers", &f->uppers);
	names("offloads", &f->offloads);
	names("clock_users", &f->clock_users);
	names("ahead", &f->ahead);
	names("filters_at_tc", &f->filters_at_tc);
}

static int print_users(const char *path)
{
	struct pl_names users = {0};
	uint32_t unseen = 0;

	pl_facts_users(path, &users, &unseen);
	names("users", &users);
	printf("unseen=%u\n", unseen);
	return 0;
}

int main(int argc, char **argv)
{
	struct pl_interface_facts *list;
	struct pl_error e;
	int found = 0;
	size_t n;

	if (argc == 3 && !strcmp(argv[1], "--users"))
		return print_users(argv[2]);
	if (argc != 2)
		return 2;
	if (pl_facts_links(&list, &n, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, argv[1]))
			continue;
		pl_facts_complete(&list[i]);
		print(&list[i]);
		found = 1;
	}
	free(list);
	return !found;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "out.h"
#include "privileges.h"

#define BATCH 256
#define INTERFACES_MAX 256 /* whose clock samples are shown */

struct request {
	uint64_t count; /* 0: no limit */
	int count_only, json;
};

static int usage(FILE *to)
{
	fputs("usage: ptplens show SOURCE [OPTION...]\n\n"
	      "One line for each message. SOURCE is an interface, a recording (a name with a / is always a file), or sim:demo.\n\n"
	      "  --count   counts and the certificate alone\n"
	      "  -c COUNT  stop after COUNT messages\n"
	      "  --json    JSON lines, clock samples among them\n",
	      to);
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

static int parse(int argc, char **argv, struct request *r, const char **source)
{
	enum { COUNT = 256, JSON };
	static const struct option options[] = {
	    {"count", no_argument, NULL, COUNT}, {"json", no_argument, NULL, JSON}, {"help", no_argument, NULL, 'h'}, {0}};
	int o;

	*source = NULL;
	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			if (number_count(optarg, &r->count)) {
				out_error("-c %s: not a count", optarg);
				return EXIT_USAGE;
			}
			break;
		case COUNT:
			r->count_only = 1;
			break;
		case JSON:
			r->json = 1;
			break;
		case 'h':
			return usage(stdout);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		out_error("show takes one source; `ptplens show --help` tells more");
		return EXIT_USAGE;
	}
	*source = argv[optind];
	return EXIT_OK;
}

/* Those that came with the last batch. */
static void show_samples(const struct ptplens_session *session, uint64_t *positions)
{
	struct ptplens_clock_sample samples[64];
	struct ptplens_interface interface;
	size_t n;

	for (size_t k = 0; k < ptplens_session_interfaces(session) && k < INTERFACES_MAX; k++)
		while (!ptplens_session_samples(session, k, &positions[k], samples, 64, &n) && n) {
			ptplens_session_interface(session, k, &interface);
			for (size_t i = 0; i < n; i++)
				out_sample(stdout, interface.name, &samples[i]);
		}
}

/* 0 when output fails, too: main says so. */
static int run(const struct request *r, struct ptplens_session *session, struct summary *summary)
{
	static struct ptplens_message batch[BATCH];
	static uint64_t positions[INTERFACES_MAX];
	int status;
	size_t n;

	while (!(status = ptplens_session_read(session, batch, BATCH, -1, &n))) {
		for (size_t i = 0; i < n; i++) {
			summary_add(summary, &batch[i]);
			if (!r->count_only)
				out_message(stdout, session, &batch[i], r->json);
			if (r->count && summary->messages == r->count)
				return PTPLENS_OK;
		}
		if (r->json && !r->count_only)
			show_samples(session, positions);
		if (fflush(stdout))
			return PTPLENS_OK;
	}
	if (r->json && !r->count_only)
		show_samples(session, positions);
	return status == PTPLENS_E_END ? PTPLENS_OK : status;
}

static int show(const struct request *r, const char *source, struct ptplens_session *session)
{
	struct ptplens_session_options options = {.size = sizeof options};
	struct summary summary = {0};
	int failed = ptplens_session_open(session, source, &options);

	if (failed) {
		out_error("%s", ptplens_session_errmsg(session));
		return exit_code(failed);
	}
	if (drop_privileges())
		out_error("privileges could not be given up");
	stop_on_signals(session);
	out_modes(r->json ? stdout : stderr, session, r->json);
	failed = run(r, session, &summary);
	if (r->count_only)
		out_summary(stdout, &summary, r->json);
	int code = out_certificates(r->count_only ? stdout : NULL, session, r->json);
	stop_on_signals(NULL);
	out_notes(ptplens_session_notes(session));
	if (failed)
		out_error("%s", ptplens_session_errmsg(session));
	return failed ? exit_code(failed) : code;
}

int cmd_show(int argc, char **argv)
{
	struct request r = {0};
	const char *source;
	int code = parse(argc, argv, &r, &source);

	if (!source)
		return code;
	struct ptplens_session *session = ptplens_session_new();
	if (!session) {
		out_error("out of memory");
		return EXIT_USAGE;
	}
	code = show(&r, source, session);
	ptplens_session_close(session);
	return code;
}

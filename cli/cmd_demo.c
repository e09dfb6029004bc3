/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "number.h"
#include "out.h"
#include "peers.h"
#include "privileges.h"

#define BATCH 256
#define FLUSH_MS 200
#define DEFAULT_FILE "ptplens-demo.pcapng"
#define DEFAULT_SECONDS 10
#define SAMPLES 16 /* an exchange has five or six types of message, each seen in one direction or both */

struct demo {
	const char *file;
	double seconds;
	int json;
	FILE *out;
	struct pl_peers *peers; /* NULL: simulated */
	struct ptplens_session *session;
	struct ptplens_recording *recording;
	struct summary summary;
	struct ptplens_message samples[SAMPLES]; /* the first that matched of each type and direction */
	size_t samples_held;
};

static int usage(FILE *to)
{
	fputs(
	    "usage: ptplens demo [OPTION...]\n\n"
	    "Runs linuxptp's ptp4l as master and slave in two network namespaces, and records and joins what the slave sends and "
	    "receives.\n"
	    "Without the rights for it, simulated traffic is shown. It never sets a clock and leaves nothing but the recording behind.\n\n"
	    "  -d SECONDS  how long, when live (default 10)\n"
	    "  -w FILE     the recording; must not exist (default " DEFAULT_FILE ", which is replaced); - is standard output\n"
	    "  --json      JSON lines\n",
	    to);
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

/* 1: run; 0: leave with *code. */
static int parse(int argc, char **argv, struct demo *d, int *code)
{
	enum { JSON = 256 };
	static const struct option options[] = {{"json", no_argument, NULL, JSON}, {"help", no_argument, NULL, 'h'}, {0}};
	int o;

	*code = EXIT_USAGE;
	while ((o = getopt_long(argc, argv, "d:w:h", options, NULL)) != -1) {
		switch (o) {
		case 'd':
			if (number_seconds(optarg, &d->seconds)) {
				out_error("-d %s: not a number of seconds", optarg);
				return 0;
			}
			break;
		case 'w':
			d->file = optarg;
			break;
		case JSON:
			d->json = 1;
			break;
		case 'h':
			*code = usage(stdout);
			return 0;
		default:
			return 0;
		}
	}
	if (optind != argc)
		out_error("demo takes no argument; `ptplens demo --help` tells more");
	return optind == argc;
}

static int open_session(struct demo *d, const char *source)
{
	ptplens_session_close(d->session);
	d->session = ptplens_session_new();
	return d->session ? ptplens_session_open(d->session, source, NULL) : PTPLENS_E_MEMORY;
}

static const char *session_error(const struct demo *d)
{
	return d->session ? ptplens_session_errmsg(d->session) : ptplens_strerror(PTPLENS_E_MEMORY);
}

/* Live if this machine lets us, else simulated. */
static int open_source(struct demo *d)
{
	char why[512];
	int failed = pl_peers_open(&d->peers, "e2e-ethernet", why, sizeof why);

	if (!failed) {
		failed = open_session(d, PL_PEERS_SLAVE_INTERFACE);
		if (!failed)
			return 0;
		snprintf(why, sizeof why, "%s", session_error(d));
		pl_peers_close(d->peers);
		d->peers = NULL;
	}
	if (failed != PTPLENS_E_PERMISSION && failed != PTPLENS_E_UNSUPPORTED && failed != PTPLENS_E_NOT_FOUND) {
		out_error("%s", why);
		return failed;
	}
	out_error("this is simulated, because real traffic %s: %s",
	          failed == PTPLENS_E_PERMISSION ? "needs root and BPF" : "is not possible here", why);
	failed = open_session(d, "sim:demo");
	if (failed)
		out_error("%s", session_error(d));
	return failed;
}

static int open_recording(struct demo *d)
{
	struct ptplens_recording_options options = {.size = sizeof options, .overwrite = !d->file};
	int failed;

	if (!d->file)
		d->file = DEFAULT_FILE;
	d->out = strcmp(d->file, "-") ? stdout : stderr;
	d->recording = ptplens_recording_new();
	if (!d->recording) {
		out_error("%s", ptplens_strerror(PTPLENS_E_MEMORY));
		return PTPLENS_E_MEMORY;
	}
	failed = ptplens_recording_open(d->recording, d->file, d->session, &options);
	if (failed)
		out_error("%s", ptplens_recording_errmsg(d->recording));
	return failed;
}

static void keep_sample(struct demo *d, const struct ptplens_message *m)
{
	if (m->verdict != PTPLENS_MATCHED || d->samples_held == SAMPLES)
		return;
	for (size_t i = 0; i < d->samples_held; i++)
		if (d->samples[i].header.message_type == m->header.message_type && d->samples[i].direction == m->direction)
			return;
	d->samples[d->samples_held] = *m;
	d->samples[d->samples_held++].frame = NULL; /* borrowed until the next read */
}

static double seconds_left(const struct timespec *start, double seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return seconds - (double)(now.tv_sec - start->tv_sec) - (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Reads until the session ends, by time, by a signal or because a clock has ended. */
static int run(struct demo *d)
{
	static struct ptplens_message batch[BATCH];
	struct timespec start;
	char why[512];
	int status, ended = 0;
	size_t n;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!(status = ptplens_session_read(d->session, batch, BATCH, FLUSH_MS, &n))) {
		for (size_t i = 0; i < n; i++) {
			summary_add(&d->summary, &batch[i]);
			keep_sample(d, &batch[i]);
		}
		if (ptplens_recording_write(d->recording, batch, n) || ptplens_recording_flush(d->recording))
			break; /* finishing says the same again */
		if (!d->peers)
			continue;
		if (!ended && pl_peers_check(d->peers, why, sizeof why)) {
			out_error("%s", why);
			ended = 1;
		}
		if (ended || seconds_left(&start, d->seconds) <= 0)
			ptplens_session_stop(d->session);
	}
	if (status && status != PTPLENS_E_END)
		out_error("%s", session_error(d));
	else if (ended)
		status = PTPLENS_E_STATE;
	else
		status = 0;
	return status;
}

static void json_string(FILE *f, const char *text)
{
	fputc('"', f);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(f, "\\%c", *c);
		else if (*c < 0x20)
			fprintf(f, "\\u%04x", *c);
		else
			fputc(*c, f);
	}
	fputc('"', f);
}

static int report(const struct demo *d)
{
	char path[PATH_MAX];
	const char *file = realpath(d->file, path) ? path : d->file;
	const char *notes = ptplens_session_notes(d->session);
	int code;

	out_summary(d->out, &d->summary, d->json);
	code = out_certificates(d->out, d->session, d->json);
	if (d->samples_held && !d->json)
		fputs("the first of each that matched\n", d->out);
	for (size_t i = 0; i < d->samples_held; i++)
		out_message(d->out, d->session, &d->samples[i], d->json);
	if (d->json) {
		fputs("{\"kind\":\"recording\",\"file\":", d->out);
		json_string(d->out, file);
		fputs("}\n", d->out);
	} else {
		fprintf(d->out, "recording: %s\n", file);
	}
	out_notes(notes);
	if (!d->summary.verdict[PTPLENS_MATCHED]) {
		out_error("no message was seen by both the tap and the capture");
		code = EXIT_FINDINGS;
	}
	return code;
}

static int demo(struct demo *d)
{
	int failed = open_source(d), finished, code;

	if (failed)
		return exit_code(failed);
	failed = open_recording(d);
	if (failed)
		return exit_code(failed);
	if (drop_privileges())
		out_error("privileges could not be given up");
	stop_on_signals(d->session);
	out_modes(d->out, d->session, d->json);
	fflush(d->out);
	if (d->peers && isatty(STDERR_FILENO))
		fprintf(stderr, "ptp4l runs as master and slave for %g s; Ctrl-C ends it early\n", d->seconds);
	failed = run(d);
	finished = ptplens_recording_finish(d->recording);
	if (finished)
		out_error("%s", ptplens_recording_errmsg(d->recording));
	code = report(d);
	stop_on_signals(NULL);
	if (failed == PTPLENS_E_STATE && !finished)
		return EXIT_FINDINGS;
	return failed || finished ? exit_code(failed ? failed : finished) : code;
}

int cmd_demo(int argc, char **argv)
{
	struct demo d = {.seconds = DEFAULT_SECONDS};
	int code;

	if (!parse(argc, argv, &d, &code))
		return code;
	code = demo(&d);
	ptplens_recording_close(d.recording);
	ptplens_session_close(d.session);
	pl_peers_close(d.peers);
	return code;
}

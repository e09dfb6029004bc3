/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "out.h"
#include "privileges.h"

#define BATCH 256
#define FLUSH_MS 200

struct request {
	const char *file;
	uint64_t count; /* 0: no limit */
	double seconds; /* 0: no limit */
	int json;
	struct ptplens_session_options session;
	struct ptplens_recording_options recording;
};

static int usage(FILE *to)
{
	fputs("usage: ptplens record INTERFACE... -w FILE [OPTION...]\n\n"
	      "Records every PTP message, both directions, with its timestamps, into a pcapng that Wireshark opens.\n"
	      "Ctrl-C ends it; then it prints the counts and the certificate.\n\n"
	      "  -w FILE       the recording; must not exist; - is standard output\n"
	      "  -c COUNT      stop after COUNT messages\n"
	      "  -d SECONDS    stop after SECONDS\n"
	      "  --enable-hw   switch the card's timestamps on while recording; what others have set is never narrowed\n"
	      "  --promisc     receive frames for other stations too\n"
	      "  --no-comment  leave the readable comments out of the file\n"
	      "  --json        JSON lines\n\n"
	      "Needs root, or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON; all but CAP_NET_ADMIN are given up once it runs.\n",
	      to);
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

/* "a b" and "a,b" are the same. NULL: no memory. */
static char *join_names(char **names, int n)
{
	size_t bytes = 0;
	char *all;

	for (int i = 0; i < n; i++)
		bytes += strlen(names[i]) + 1;
	all = malloc(bytes);
	if (!all)
		return NULL;
	strcpy(all, names[0]);
	for (int i = 1; i < n; i++)
		strcat(strcat(all, ","), names[i]);
	return all;
}

/* EXIT_OK with *source set, to be freed; else the code to leave with, and *source NULL. */
static int parse(int argc, char **argv, struct request *r, char **source)
{
	enum { ENABLE_HW = 256, PROMISC, NO_COMMENT, JSON };
	static const struct option options[] = {{"enable-hw", no_argument, NULL, ENABLE_HW},
	                                        {"promisc", no_argument, NULL, PROMISC},
	                                        {"no-comment", no_argument, NULL, NO_COMMENT},
	                                        {"json", no_argument, NULL, JSON},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {0}};
	int o;

	*source = NULL;
	while ((o = getopt_long(argc, argv, "w:c:d:h", options, NULL)) != -1) {
		switch (o) {
		case 'w':
			r->file = optarg;
			break;
		case 'c':
			if (number_count(optarg, &r->count)) {
				out_error("-c %s: not a count", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'd':
			if (number_seconds(optarg, &r->seconds)) {
				out_error("-d %s: not a number of seconds", optarg);
				return EXIT_USAGE;
			}
			break;
		case ENABLE_HW:
			r->session.enable_hw = 1;
			break;
		case PROMISC:
			r->session.promiscuous = 1;
			break;
		case NO_COMMENT:
			r->recording.no_comment = 1;
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
	if (optind == argc || !r->file) {
		out_error("record needs %s; `ptplens record --help` tells more", r->file ? "an interface" : "-w FILE");
		return EXIT_USAGE;
	}
	*source = join_names(argv + optind, argc - optind);
	if (!*source)
		out_error("out of memory");
	return EXIT_OK;
}

static void show_progress(const struct summary *summary, double *shown)
{
	double now = seconds_now();

	if (now - *shown < 1)
		return;
	fprintf(stderr, "\r%" PRIu64 " messages, %" PRIu64 " matched ", summary->messages, summary->verdict[PTPLENS_MATCHED]);
	*shown = now;
}

static int write_batch(struct ptplens_recording *recording, const struct ptplens_message *batch, size_t n)
{
	int failed = ptplens_recording_write(recording, batch, n);

	return failed ? failed : ptplens_recording_flush(recording);
}

/* Reads until the source ends, by itself or because a limit was reached. All that is read is written, up to -c's count: what was under way
 * when it was reached is left out. */
static int run(struct request *r, struct ptplens_session *session, struct ptplens_recording *recording, struct summary *summary)
{
	static struct ptplens_message batch[BATCH];
	double start = seconds_now(), shown = start;
	int progress = isatty(2), failed = 0, status;
	uint64_t left_out = 0;
	size_t n;

	while (!failed && !(status = ptplens_session_read(session, batch, BATCH, FLUSH_MS, &n))) {
		size_t kept = r->count && n > r->count - summary->messages ? (size_t)(r->count - summary->messages) : n;
		for (size_t i = 0; i < kept; i++)
			summary_add(summary, &batch[i]);
		left_out += n - kept;
		failed = write_batch(recording, batch, kept);
		if ((r->count && summary->messages == r->count) || (r->seconds > 0 && seconds_now() - start >= r->seconds))
			ptplens_session_stop(session);
		if (progress)
			show_progress(summary, &shown);
	}
	if (progress && shown > start)
		fputc('\n', stderr);
	if (left_out)
		out_error("stopped after %" PRIu64 " messages; %" PRIu64 " more were under way and are not in the file", r->count,
		          left_out);
	if (failed) {
		out_error("%s", ptplens_recording_errmsg(recording));
		return failed;
	}
	if (status != PTPLENS_E_END)
		out_error("%s", ptplens_session_errmsg(session));
	return status == PTPLENS_E_END ? 0 : status;
}

static int report(FILE *f, const struct request *r, const struct ptplens_session *session, const struct summary *summary)
{
	out_summary(f, summary, r->json);
	int code = out_certificates(f, session, r->json);
	out_notes(ptplens_session_notes(session));
	return code;
}

static int record(struct request *r, const char *source, struct ptplens_session *session, struct ptplens_recording *recording)
{
	FILE *f = strcmp(r->file, "-") ? stdout : stderr;
	struct summary summary = {0};
	int failed = ptplens_session_open(session, source, &r->session);

	if (failed) {
		out_error("%s", ptplens_session_errmsg(session));
		return exit_code(failed);
	}
	failed = ptplens_recording_open(recording, r->file, session, &r->recording);
	if (failed) {
		out_error("%s", ptplens_recording_errmsg(recording));
		return exit_code(failed);
	}
	if (drop_privileges())
		out_error("privileges could not be given up");
	stop_on_signals(session);
	out_modes(f, session, r->json);
	fflush(f);
	if (r->session.enable_hw && *ptplens_session_notes(session))
		out_error("%s", ptplens_session_notes(session));
	failed = run(r, session, recording, &summary);
	int finished = ptplens_recording_finish(recording);
	if (finished && !failed)
		out_error("%s", ptplens_recording_errmsg(recording));
	int code = report(f, r, session, &summary);
	if (finished)
		out_error("%s is not complete", r->file);
	stop_on_signals(NULL);
	return failed || finished ? exit_code(failed ? failed : finished) : code;
}

int cmd_record(int argc, char **argv)
{
	struct request r = {.session = {.size = sizeof r.session}, .recording = {.size = sizeof r.recording}};
	char *source;
	int code = parse(argc, argv, &r, &source);

	if (!source)
		return code;
	struct ptplens_session *session = ptplens_session_new();
	struct ptplens_recording *recording = ptplens_recording_new();
	if (session && recording)
		code = record(&r, source, session, recording);
	else
		out_error("out of memory");
	ptplens_recording_close(recording);
	ptplens_session_close(session);
	free(source);
	return code;
}

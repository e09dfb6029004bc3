/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "out.h"
#include "privileges.h"

#define BATCH 256
#define COUNTERS 32
#define READ_MS 200
#define NS_PER_US 1000.0

struct request {
	double seconds; /* 0: no limit */
	int json, verbose;
};

struct counters {
	size_t n;
	struct ptplens_counter before[COUNTERS], rise[COUNTERS];
};

static struct counters counters[PTPLENS_STAMPS_INTERFACES];
static struct ptplens_stamps_report summary;

static int usage(FILE *to)
{
	fputs("usage: ptplens stamps SOURCE [OPTION...]\n\n"
	      "What became of the timestamps that senders asked for, by message type and version, and why some are missing.\n"
	      "SOURCE is an interface (Ctrl-C ends it), a recording, or sim:demo.\n\n"
	      "  -d SECONDS  stop after SECONDS\n"
	      "  --verbose   list the last frames without their stamp, and the certificate\n"
	      "  --json      JSON lines, all of that included\n\n"
	      "Exit code 1: a stamp that was asked for was late, lost or refused.\n",
	      to);
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

static int parse(int argc, char **argv, struct request *r, const char **source)
{
	enum { JSON = 256, VERBOSE };
	static const struct option options[] = {
	    {"json", no_argument, NULL, JSON}, {"verbose", no_argument, NULL, VERBOSE}, {"help", no_argument, NULL, 'h'}, {0}};
	int o;

	*source = NULL;
	while ((o = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		switch (o) {
		case 'd':
			if (number_seconds(optarg, &r->seconds)) {
				out_error("-d %s: not a number of seconds", optarg);
				return EXIT_USAGE;
			}
			break;
		case JSON:
			r->json = 1;
			break;
		case VERBOSE:
			r->verbose = 1;
			break;
		case 'h':
			return usage(stdout);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		out_error("stamps takes one source; `ptplens stamps --help` tells more");
		return EXIT_USAGE;
	}
	*source = argv[optind];
	return EXIT_OK;
}

/* --- counters ---------------------------------------------------------------------------------------------------------------------- */

static void read_counters_before(const struct ptplens_session *session)
{
	for (size_t k = 0; k < ptplens_session_interfaces(session) && k < PTPLENS_STAMPS_INTERFACES; k++)
		counters[k].n = ptplens_session_counters(session, k, counters[k].before, COUNTERS);
}

/* A counter that is gone or was reset has not risen. */
static void read_counters_after(const struct ptplens_session *session, struct counters *c, size_t index)
{
	struct ptplens_counter now[COUNTERS];
	size_t n = ptplens_session_counters(session, index, now, COUNTERS);

	for (size_t k = 0; k < c->n; k++) {
		c->rise[k] = c->before[k];
		c->rise[k].value = 0;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(now[i].name, c->before[k].name) && now[i].value > c->before[k].value)
				c->rise[k].value = now[i].value - c->before[k].value;
	}
}

static void print_counters(const struct counters *c, const char *interface, int json)
{
	for (size_t k = 0; k < c->n; k++) {
		const struct ptplens_counter *b = &c->before[k];
		uint64_t after = b->value + c->rise[k].value;
		if (json)
			printf("{\"kind\":\"counter\",\"interface\":\"%s\",\"name\":\"%s\",\"before\":%" PRIu64 ",\"after\":%" PRIu64 "}\n",
			       interface, b->name, b->value, after);
		else
			printf("  counter %s: %" PRIu64 " before, %" PRIu64 " after\n", b->name, b->value, after);
	}
}

/* --- rows -------------------------------------------------------------------------------------------------------------------------- */

static const char *version_word(uint8_t minor_version)
{
	static const char *const words[] = {"2.0", "2.1", "2.2+"};

	return words[minor_version < 2 ? minor_version : 2];
}

static void time_json(const char *key, int64_t ns)
{
	if (ns == PTPLENS_NO_TIME)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%" PRId64, key, ns);
}

static void row_json(const char *interface, const struct ptplens_stamps_row *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {{"frames", r->frames},
	              {"asked", r->asked},
	              {"not_asked", r->not_asked},
	              {"unknown", r->unknown},
	              {"delivered", r->delivered},
	              {"late", r->late},
	              {"ambiguous", r->ambiguous},
	              {"refused", r->refused},
	              {"lost", r->lost},
	              {"unreadable", r->unreadable},
	              {"not_visible", r->not_visible},
	              {"hardware", r->hardware},
	              {"asked_hardware", r->asked_hardware},
	              {"asked_software_only", r->asked_software_only},
	              {"no_event", r->no_event},
	              {"orphan", r->orphan},
	              {"delays", r->delays}};

	printf(
	    "{\"kind\":\"stamps-of-type\",\"interface\":\"%s\",\"direction\":\"%s\",\"type\":\"%s\",\"message_type\":%u,\"version\":\"%s\"",
	    interface, r->direction ? "transmit" : "receive", ptplens_message_type_name(r->message_type), r->message_type,
	    version_word(r->minor_version));
	for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
		printf(",\"%s\":%" PRIu64, counts[k].name, counts[k].value);
	time_json("delay_p50_ns", r->delay_p50_ns);
	time_json("delay_p99_ns", r->delay_p99_ns);
	time_json("delay_max_ns", r->delay_max_ns);
	puts("}");
}

static void microseconds(int64_t ns)
{
	if (ns == PTPLENS_NO_TIME)
		printf(" %9s", "-");
	else
		printf(" %9.1f", (double)ns / NS_PER_US);
}

static void row_text(const struct ptplens_stamps_row *r)
{
	printf("  %-21s %-4s %8" PRIu64 " %9" PRIu64, ptplens_message_type_name(r->message_type), version_word(r->minor_version), r->asked,
	       r->delivered);
	if (r->direction == PTPLENS_TRANSMIT)
		printf(" %6" PRIu64 " %6" PRIu64, r->late, r->ambiguous + r->unreadable + r->not_visible);
	printf(" %6" PRIu64 " %7" PRIu64 " %9" PRIu64 " %7" PRIu64, r->lost, r->refused, r->not_asked, r->unknown);
	if (r->direction == PTPLENS_TRANSMIT) {
		microseconds(r->delay_p50_ns);
		microseconds(r->delay_p99_ns);
		microseconds(r->delay_max_ns);
	}
	putchar('\n');
	if (r->no_event || r->orphan)
		printf("    %" PRIu64 " in the capture alone, %" PRIu64 " stamps that belong to no frame seen\n", r->no_event, r->orphan);
}

static void print_rows(const char *interface, int json)
{
	int direction = -1;

	for (size_t k = 0; k < summary.rows; k++) {
		const struct ptplens_stamps_row *r = &summary.row[k];
		if (json) {
			row_json(interface, r);
			continue;
		}
		if (r->direction != direction && r->direction == PTPLENS_TRANSMIT)
			printf("%-12.12s transmit  %4s %8s %9s %6s %6s %6s %7s %9s %7s %9s %9s %9s\n", interface, "", "asked", "delivered",
			       "late", "unsure", "lost", "refused", "not-asked", "unknown", "p50/us", "p99/us", "max/us");
		else if (r->direction != direction)
			printf("%-12.12s receive   %4s %8s %9s %6s %7s %9s %7s\n", interface, "", "asked", "delivered", "lost", "refused",
			       "not-asked", "unknown");
		direction = r->direction;
		row_text(r);
	}
}

/* --- findings ---------------------------------------------------------------------------------------------------------------------- */

/* What a cause means, with its evidence between the two halves; NULL: the cause has no count. */
static const struct {
	const char *before, *after;
} sentences[PTPLENS_STAMPS_CAUSES] = {
    [PTPLENS_STAMPS_RING_LOSS] = {"the tap's ring lost ", " events, and the stamps may be among them"},
    [PTPLENS_STAMPS_UNREADABLE] = {"", " stamps were reported without their frame"},
    [PTPLENS_STAMPS_MINOR_VERSION] = {"minorVersionPTP 1 or above, while ",
                                      " with minorVersionPTP 0 have their stamp: the card or PHY does not know minorVersionPTP"},
    [PTPLENS_STAMPS_SLOT_BUSY] = {"tx_hwtstamp_skipped rose by ",
                                  ": the card was busy with the stamp of a frame before; two programs may be asking"},
    [PTPLENS_STAMPS_CARD_TIMEOUT] = {"tx_hwtstamp_timeouts rose by ", ": the driver gave up waiting for the card"},
    [PTPLENS_STAMPS_RX_CLEARED] = {"rx_hwtstamp_cleared rose by ", ": the card's receive register was stuck"},
    [PTPLENS_STAMPS_NEVER_DELIVERED] = {"not one of ", " hardware stamps came: stamping is switched off in the card, or the card cannot"},
    [PTPLENS_STAMPS_UNEXPLAINED] = {"nothing that was read explains it", NULL},
    [PTPLENS_STAMPS_NOT_VISIBLE] = {"no hook sees transmit stamps on this machine (stamps=none): delivered or lost cannot be told", NULL},
    [PTPLENS_STAMPS_SOFTWARE_ONLY] = {"the application asked for software stamps only", NULL},
    [PTPLENS_STAMPS_QUEUE_HOLD] = {"of ", " measured: a queue (qdisc) held them before the card had them"},
};

static void finding_text(const struct ptplens_stamps_finding *f)
{
	printf("  %s: %" PRIu64 " %s, %s", ptplens_stamps_cause_word(f->cause), f->frames, f->direction ? "sent" : "received",
	       sentences[f->cause].before);
	if (sentences[f->cause].after)
		printf("%" PRIu64 "%s", f->evidence, sentences[f->cause].after);
	if (f->longest_ns != PTPLENS_NO_TIME)
		printf(", up to %.1f us", (double)f->longest_ns / NS_PER_US);
	putchar('\n');
}

static void print_findings(const char *interface, int json)
{
	for (size_t k = 0; k < summary.findings; k++) {
		const struct ptplens_stamps_finding *f = &summary.finding[k];
		if (!json) {
			finding_text(f);
			continue;
		}
		printf("{\"kind\":\"stamps-cause\",\"interface\":\"%s\",\"direction\":\"%s\",\"cause\":\"%s\",\"frames\":%" PRIu64
		       ",\"evidence\":%" PRIu64,
		       interface, f->direction ? "transmit" : "receive", ptplens_stamps_cause_word(f->cause), f->frames, f->evidence);
		time_json("longest_ns", f->longest_ns);
		puts("}");
	}
}

static void print_timeout(const char *interface, int json)
{
	if (json) {
		printf("{\"kind\":\"tx-timestamp-timeout\",\"interface\":\"%s\"", interface);
		if (summary.timeout_ms)
			printf(",\"ms\":%u", summary.timeout_ms);
		else
			fputs(",\"ms\":null", stdout);
		printf(",\"delays\":%" PRIu64 ",\"late_without_delay\":%" PRIu64, summary.delays, summary.late_without_delay);
		time_json("delay_max_ns", summary.delay_max_ns);
		puts("}");
		return;
	}
	if (!summary.timeout_ms) {
		printf("  tx_timestamp_timeout: no statement; %" PRIu64 " delays were seen, %d are needed\n", summary.delays,
		       PTPLENS_STAMPS_DELAYS_MIN);
		return;
	}
	printf("  tx_timestamp_timeout: %u ms; the longest of %" PRIu64 " delays was %.1f us, the margin is half of it and at least 1 ms\n",
	       summary.timeout_ms, summary.delays, (double)summary.delay_max_ns / NS_PER_US);
	if (summary.late_without_delay)
		printf("    %" PRIu64 " late stamps have no known delay, and count as 2 s\n", summary.late_without_delay);
}

/* --- frames without stamp ---------------------------------------------------------------------------------------------------------- */

static void unstamped_json(const char *interface, const struct ptplens_unstamped *u)
{
	printf("{\"kind\":\"unstamped\",\"interface\":\"%s\"", interface);
	time_json("time_ns", u->host_ns);
	time_json("tap_ns", u->tap_ns);
	printf(",\"direction\":\"%s\",\"type\":\"%s\",\"message_type\":%u,\"version\":\"2.%u\",\"sequence_id\":%u,\"domain\":%u",
	       u->direction ? "transmit" : "receive", ptplens_message_type_name(u->header.message_type), u->header.message_type,
	       u->header.version >> 4, u->header.sequence_id, u->header.domain_number);
	printf(",\"stamp\":\"%s\",\"asked_hardware\":%s", ptplens_stamp_word(u->stamp_state), u->hardware ? "true" : "false");
	time_json("stamp_delay_ns", u->stamp_delay_ns);
	puts("}");
}

static void unstamped_text(const char *interface, const struct ptplens_unstamped *u)
{
	char when[OUT_TIME];

	out_time(when, u->host_ns);
	printf("  %s %s %s %-21s 2.%u seq=%-5u domain=%u stamp=%s asked=%s", when, interface, u->direction ? "TX" : "RX",
	       ptplens_message_type_name(u->header.message_type), u->header.version >> 4, u->header.sequence_id, u->header.domain_number,
	       ptplens_stamp_word(u->stamp_state), u->hardware ? "hardware" : "software");
	if (u->stamp_delay_ns != PTPLENS_NO_TIME)
		printf(" delay=%" PRId64 "ns", u->stamp_delay_ns);
	putchar('\n');
}

static void print_unstamped(const struct ptplens_session *session, const struct ptplens_stamps *stamps, int json)
{
	static struct ptplens_unstamped unstamped[PTPLENS_STAMPS_UNSTAMPED];
	struct ptplens_interface interface = {0};
	uint64_t older;
	size_t n = ptplens_stamps_unstamped(stamps, unstamped, PTPLENS_STAMPS_UNSTAMPED, &older);

	if (!json)
		printf("frames without their stamp%s\n", n ? "" : ": none");
	if (older && json)
		printf("{\"kind\":\"unstamped-older\",\"frames\":%" PRIu64 "}\n", older);
	else if (older)
		printf("  %" PRIu64 " before these\n", older);
	for (size_t k = 0; k < n; k++) {
		ptplens_session_interface(session, unstamped[k].interface_index, &interface);
		if (json)
			unstamped_json(interface.name, &unstamped[k]);
		else
			unstamped_text(interface.name, &unstamped[k]);
	}
}

/* --- the run ----------------------------------------------------------------------------------------------------------------------- */

static int findings_code(void)
{
	for (size_t k = 0; k < summary.rows; k++)
		if (summary.row[k].late || summary.row[k].lost || summary.row[k].refused)
			return EXIT_FINDINGS;
	return EXIT_OK;
}

static int report(const struct request *r, const struct ptplens_session *session, const struct ptplens_stamps *stamps)
{
	int code = EXIT_OK;

	for (size_t k = 0; k < ptplens_session_interfaces(session) && k < PTPLENS_STAMPS_INTERFACES; k++) {
		struct ptplens_interface interface;
		struct ptplens_certificate certificate;
		ptplens_session_interface(session, k, &interface);
		ptplens_session_certificate(session, k, &certificate);
		read_counters_after(session, &counters[k], k);
		struct ptplens_stamps_evidence evidence = {&interface, &certificate, counters[k].rise, counters[k].n};
		ptplens_stamps_summary(stamps, k, &evidence, &summary);
		if (!r->json && !summary.rows)
			printf("%s: no PTP message\n", interface.name);
		print_rows(interface.name, r->json);
		print_findings(interface.name, r->json);
		print_timeout(interface.name, r->json);
		print_counters(&counters[k], interface.name, r->json);
		if (findings_code())
			code = EXIT_FINDINGS;
	}
	if (r->verbose || r->json)
		print_unstamped(session, stamps, r->json);
	int certified = out_certificates(r->verbose || r->json ? stdout : NULL, session, r->json);
	return certified ? certified : code;
}

static int run(const struct request *r, struct ptplens_session *session, struct ptplens_stamps *stamps)
{
	static struct ptplens_message batch[BATCH];
	double start = seconds_now();
	int status;
	size_t n;

	while (!(status = ptplens_session_read(session, batch, BATCH, READ_MS, &n))) {
		int failed = ptplens_stamps_push(stamps, batch, n);
		if (failed) {
			out_error("%s", failed == PTPLENS_E_MEMORY ? "out of memory" : "more than 64 interfaces");
			return failed;
		}
		if (r->seconds > 0 && seconds_now() - start >= r->seconds)
			ptplens_session_stop(session);
	}
	if (status != PTPLENS_E_END)
		out_error("%s", ptplens_session_errmsg(session));
	return status == PTPLENS_E_END ? 0 : status;
}

static int observe(const struct request *r, const char *source, struct ptplens_session *session, struct ptplens_stamps *stamps)
{
	int failed = ptplens_session_open(session, source, NULL);

	if (failed) {
		out_error("%s", ptplens_session_errmsg(session));
		return exit_code(failed);
	}
	read_counters_before(session);
	if (drop_privileges())
		out_error("privileges could not be given up");
	stop_on_signals(session);
	out_modes(stdout, session, r->json);
	fflush(stdout);
	failed = run(r, session, stamps);
	int code = report(r, session, stamps);
	stop_on_signals(NULL);
	out_notes(ptplens_session_notes(session));
	if (fflush(stdout) && !failed)
		failed = PTPLENS_E_IO;
	return failed ? exit_code(failed) : code;
}

int cmd_stamps(int argc, char **argv)
{
	struct request r = {0};
	const char *source;
	int code = parse(argc, argv, &r, &source);

	if (!source)
		return code;
	struct ptplens_session *session = ptplens_session_new();
	struct ptplens_stamps *stamps = ptplens_stamps_new();
	if (session && stamps) {
		code = observe(&r, source, session, stamps);
	} else {
		out_error("out of memory");
		code = EXIT_USAGE;
	}
	ptplens_stamps_close(stamps);
	ptplens_session_close(session);
	return code;
}

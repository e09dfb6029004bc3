/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes a recording of random messages, or reads any file, and prints one JSON line for each message: for recording_test.py.
 *   recording_probe write FILE SEED COUNT INTERFACES ALONE_PERCENT PAUSE_MS [no-comment]
 *   recording_probe read FILE */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "given_session.h"
#include "source.h"
#include "traffic.h"
#include "virtual_clock.h"

static const atomic_int never_stopped;

static void print_hex(const char *key, const void *bytes, size_t n)
{
	printf(", \"%s\": \"", key);
	for (size_t k = 0; k < n; k++)
		printf("%02x", ((const uint8_t *)bytes)[k]);
	printf("\"");
}

static void print_message(const struct ptplens_message *m)
{
	printf("{\"interface\": %u, \"direction\": %u, \"verdict\": \"%s\", \"cause\": \"%s\", \"stamp\": \"%s\", \"host_ns\": %" PRId64,
	       m->interface_index, m->direction, ptplens_verdict_word(m->verdict), ptplens_cause_word(m->cause),
	       ptplens_stamp_word(m->stamp_state), m->host_ns);
	printf(", \"tap_ns\": %" PRId64 ", \"hw_ns\": %" PRId64 ", \"stamp_delay_ns\": %" PRId64 ", \"packet_id\": %" PRIu64, m->tap_ns,
	       m->hw_ns, m->stamp_delay_ns, m->packet_id);
	printf(", \"wire_length\": %u, \"ptp_offset\": %u, \"type\": %u, \"sequence_id\": %u", m->wire_length, m->ptp_offset,
	       m->header.message_type, m->header.sequence_id);
	if (m->has_event)
		print_hex("event", &m->event, sizeof m->event);
	if (m->has_stamp)
		print_hex("stamp_event", &m->stamp, sizeof m->stamp);
	if (m->frame)
		print_hex("frame", m->frame, m->captured_length);
	printf("}\n");
}

static int do_write(char **a)
{
	struct ptplens_session session;
	struct traffic t;
	struct ptplens_message m;
	struct ptplens_recording *r = ptplens_recording_new();
	struct ptplens_recording_options options = {.size = sizeof options, .no_comment = a[6] != NULL};
	uint32_t n = (uint32_t)atoi(a[3]);

	given_session(&session, n);
	traffic_start(&t, strtoull(a[1], NULL, 0), n, (uint32_t)atoi(a[4]));
	t.plain = 1;
	int failed = ptplens_recording_open(r, a[0], &session, &options);
	for (int k = atoi(a[2]); k > 0 && !failed; k--) {
		traffic_next(&t, &m);
		print_message(&m);
		session.certificate[m.interface_index].matched++;
		/* the tally tells the reader if one is missing */
		if (k % 10 == 0)
			given_sample(&session, m.interface_index);
		failed = ptplens_recording_write(r, &m, 1);
		virtual_clock_ns += atoi(a[5]) * 1000000ll;
	}
	for (uint32_t k = 0; k < n; k++)
		session.certificate[k].final = 1;
	if (!failed)
		failed = ptplens_recording_finish(r);
	if (failed)
		fprintf(stderr, "%s\n", ptplens_recording_errmsg(r));
	ptplens_recording_close(r);
	return failed != 0;
}

static int do_read(const char *path)
{
	struct pl_source *source;
	struct pl_error e;
	struct ptplens_message m[16];
	size_t count;
	int code = pl_source_file_open(&source, path, &e);

	if (code == 0) {
		source->stop = &never_stopped;
		while ((code = source->ops->read(source, m, 16, -1, &count, &e)) == 0)
			for (size_t k = 0; k < count; k++)
				print_message(&m[k]);
		for (size_t k = 0; k < source->ops->interfaces(source); k++) {
			struct ptplens_certificate c;
			struct ptplens_interface i;
			source->ops->certificate(source, k, &c);
			source->ops->interface(source, k, &i);
			printf("{\"certificate\": %zu, \"name\": \"%s\", \"ifindex\": %u, \"final\": %" PRIu64 ", \"matched\": %" PRIu64
			       "}\n",
			       k, i.name, i.header.ifindex, c.final, c.matched);
		}
		if (*source->ops->notes(source))
			fprintf(stderr, "%s\n", source->ops->notes(source));
		source->ops->close(source);
	}
	printf("{\"code\": %d}\n", code);
	if (code != PTPLENS_E_END)
		fprintf(stderr, "error: %s\n", e.text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 8 && strcmp(argv[1], "write") == 0)
		return do_write(argv + 2);
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return do_read(argv[2]);
	return 2;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Record, then read back: the same messages in the same order per interface. Time is the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "given_session.h"
#include "message_log.h"
#include "source.h"
#include "traffic.h"
#include "virtual_clock.h"

static char path[64]; /* of a file in memory */
static int fd;
static const atomic_int never_stopped;

static void fill_certificates(struct ptplens_session *s, uint64_t base, int final)
{
	for (size_t k = 0; k < s->n; k++) {
		uint64_t *counts = (uint64_t *)&s->certificate[k];
		for (size_t c = 0; c < sizeof s->certificate[k] / 8; c++)
			counts[c] = base + 1000 * k + c;
		s->certificate[k].final = final;
	}
}

/* Writes n random messages, with pauses, into `written`, one log an interface. */
static void record(struct ptplens_session *s, struct traffic *t, size_t n, uint32_t pause_percent, uint32_t sample_percent,
                   struct message_log *written)
{
	struct ptplens_recording *r = ptplens_recording_new();
	struct ptplens_recording_options options = {.size = sizeof options, .overwrite = 1, .no_comment = traffic_random(t, 4) == 0};
	struct ptplens_message m;

	assert_int_equal(ptplens_recording_open(r, path, s, &options), 0);
	for (size_t k = 0; k < n; k++) {
		traffic_next(t, &m);
		message_log_add(&written[m.interface_index], &m);
		if (traffic_random(t, 100) < sample_percent)
			for (uint32_t n_samples = traffic_random(t, 10) ? 1 : traffic_random(t, 100); n_samples; n_samples--)
				given_sample(s, traffic_random(t, (uint32_t)s->n));
		fill_certificates(s, k, 0);
		assert_int_equal(ptplens_recording_write(r, &m, 1), 0);
		virtual_clock_ns += traffic_random(t, 20000000);
		if (traffic_random(t, 100) < pause_percent)
			virtual_clock_ns += traffic_random(t, 3000) * 1000000ll;
		if (traffic_random(t, 4) == 0)
			assert_int_equal(ptplens_recording_flush(r), 0);
	}
	fill_certificates(s, n, 1);
	assert_int_equal(ptplens_recording_finish(r), 0);
	ptplens_recording_close(r);
}

static struct pl_source *open_file(void)
{
	struct pl_source *source;
	struct pl_error e;

	assert_int_equal(pl_source_file_open(&source, path, &e), 0);
	source->stop = &never_stopped;
	return source;
}

struct samples { /* of one interface, as read back */
	struct ptplens_clock_sample all[GIVEN_SAMPLES];
	uint64_t position;
	size_t n;
};

static void read_samples(struct pl_source *source, struct samples *samples)
{
	for (size_t k = 0; k < source->ops->interfaces(source); k++)
		samples[k].n +=
		    source->ops->samples(source, k, &samples[k].position, samples[k].all + samples[k].n, GIVEN_SAMPLES - samples[k].n);
}

static void read_all(struct pl_source *source, size_t batch, struct message_log *read, struct samples *samples)
{
	struct ptplens_message m[100];
	struct pl_error e;
	size_t count;
	int code;

	while ((code = source->ops->read(source, m, batch, 0, &count, &e)) == 0) {
		assert_in_range(count, 0, batch);
		for (size_t k = 0; k < count; k++)
			message_log_add(&read[m[k].interface_index], &m[k]);
		if (samples)
			read_samples(source, samples);
	}
	if (samples)
		read_samples(source, samples);
	assert_int_equal(code, PTPLENS_E_END);
}

static void roundtrip(uint64_t seed, uint32_t interfaces, size_t n, uint32_t alone_percent, uint32_t pause_percent)
{
	static struct ptplens_session session;
	static struct samples samples[GIVEN_INTERFACES];
	struct traffic t;
	struct message_log written[GIVEN_INTERFACES] = {{0}}, read[GIVEN_INTERFACES] = {{0}};

	memset(samples, 0, sizeof samples);
	given_session(&session, interfaces);
	traffic_start(&t, seed, interfaces, alone_percent);
	record(&session, &t, n, pause_percent, seed % 4 * 25, written);
	struct pl_source *source = open_file();
	assert_int_equal(source->ops->interfaces(source), interfaces);
	read_all(source, 1 + traffic_random(&t, 100), read, samples);
	assert_string_equal(source->ops->notes(source), "");
	for (uint32_t k = 0; k < interfaces; k++) {
		struct ptplens_interface about;
		struct ptplens_certificate certificate;

		assert_same_messages(&written[k], &read[k]);
		source->ops->interface(source, k, &about);
		source->ops->certificate(source, k, &certificate);
		assert_string_equal(about.name, session.interface[k].name);
		assert_int_equal(about.mode, PTPLENS_MODE_FILE);
		assert_int_equal(about.certificate_verdict, PTPLENS_EXPLAINED);
		assert_memory_equal(&about.header, &session.interface[k].header, sizeof about.header);
		assert_memory_equal(&certificate, &session.certificate[k], sizeof certificate);
		assert_int_equal(samples[k].n, session.samples[k]);
		assert_memory_equal(samples[k].all, session.sample[k], samples[k].n * sizeof samples[k].all[0]);
		message_log_free(&written[k]);
		message_log_free(&read[k]);
	}
	source->ops->close(source);
}

static void mixed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		roundtrip(seed, 1 + seed % 3, 200 + seed * 5, 20, 3);
}

static void few_frames(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed <= 130; seed++)
		roundtrip(seed, 1 + seed % 2, 800, 99, seed % 4);
}

static void no_frame_at_all(void **state)
{
	(void)state;
	for (uint64_t seed = 200; seed <= 210; seed++)
		roundtrip(seed, 2, seed - 198, 100, 10);
	roundtrip(211, 1, 300, 100, 0);
	roundtrip(212, 1, 0, 0, 0);
}

static void only_frames(void **state)
{
	(void)state;
	roundtrip(300, 4, 5000, 0, 0);
	roundtrip(301, 1, 3, 0, 90);
}

/* What reaches the file when, and what rides on the last packet block. */
static void held_back(void **state)
{
	struct ptplens_session session;
	struct ptplens_recording_options options = {.size = sizeof options, .overwrite = 1};
	struct ptplens_recording *r = ptplens_recording_new();
	struct traffic t;
	struct ptplens_message m;
	struct message_log read = {0};

	(void)state;
	given_session(&session, 1);
	traffic_start(&t, 1, 1, 0);
	assert_int_equal(ptplens_recording_open(r, path, &session, &options), 0);
	off_t head = lseek(fd, 0, SEEK_END);
	assert_true(head > 0);
	for (int k = 0; k < 2; k++) {
		traffic_next(&t, &m);
		assert_int_equal(ptplens_recording_write(r, &m, 1), 0);
	}
	assert_true(lseek(fd, 0, SEEK_END) == head);
	virtual_clock_ns += 250000000;
	assert_int_equal(ptplens_recording_flush(r), 0);
	off_t first = lseek(fd, 0, SEEK_END);
	assert_true(first > head); /* the first frame, not the second */
	struct pl_source *source = open_file();
	read_all(source, 10, &read, NULL);
	assert_int_equal(read.n, 1);
	source->ops->close(source);
	virtual_clock_ns += 749999999;
	assert_int_equal(ptplens_recording_flush(r), 0);
	assert_true(lseek(fd, 0, SEEK_END) == first);
	t.alone_percent = 100;
	traffic_next(&t, &m);
	assert_int_equal(ptplens_recording_write(r, &m, 1), 0);
	virtual_clock_ns += 1;
	assert_int_equal(ptplens_recording_flush(r), 0);
	assert_true(lseek(fd, 0, SEEK_END) > first);
	message_log_free(&read);
	source = open_file();
	read_all(source, 10, &read, NULL);
	assert_int_equal(read.n, 3); /* the third rides behind the second */
	assert_non_null(strstr(source->ops->notes(source), "the end of the recording is missing"));
	source->ops->close(source);
	message_log_free(&read);
	ptplens_recording_close(r);
}

static int make_path(void **state)
{
	(void)state;
	fd = memfd_create("roundtrip", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fd < 0;
}

static int remove_path(void **state)
{
	(void)state;
	return close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mixed),       cmocka_unit_test(few_frames), cmocka_unit_test(no_frame_at_all),
	    cmocka_unit_test(only_frames), cmocka_unit_test(held_back),
	};
	return cmocka_run_group_tests(tests, make_path, remove_path);
}

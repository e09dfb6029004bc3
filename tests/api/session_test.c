/* SPDX-License-Identifier: BSD-3-Clause */
/* The session's contract over the simulator, whose truth is known: every message matched, with the stamp that the simulator gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ptplens/ptplens.h>

#define START_REALTIME 1700000000000000000ll
#define TAI_UTC_NS 37000000000ll

/* By message type: how many the simulator sends in 10 s, and which way the slave sees them. */
static const struct {
	int type, count, direction, stamped;
} truth[] = {{0, 80, PTPLENS_RECEIVE, 1},
             {8, 80, PTPLENS_RECEIVE, 0},
             {11, 10, PTPLENS_RECEIVE, 0},
             {1, 79, PTPLENS_TRANSMIT, 1},
             {9, 79, PTPLENS_RECEIVE, 0}};

static struct ptplens_session *opened(const char *source)
{
	struct ptplens_session *s = ptplens_session_new();
	assert_non_null(s);
	assert_int_equal(ptplens_session_open(s, source, NULL), 0);
	return s;
}

static void check_message(const struct ptplens_message *m)
{
	int known = 0;

	assert_int_equal(m->verdict, PTPLENS_MATCHED);
	assert_int_equal(m->cause, PTPLENS_CAUSE_NONE);
	assert_int_equal(m->has_event, 1);
	assert_non_null(m->frame);
	assert_int_equal(m->frame[m->ptp_offset] & 15, m->header.message_type);
	assert_int_equal(m->header.sequence_id, m->event.sequence_id);
	for (size_t i = 0; i < sizeof truth / sizeof truth[0]; i++) {
		if (truth[i].type != m->header.message_type)
			continue;
		known = 1;
		assert_int_equal(m->direction, truth[i].direction);
		assert_int_equal(m->stamp_state, truth[i].stamped ? PTPLENS_STAMP_STATE_HARDWARE : PTPLENS_STAMP_STATE_NOT_REQUESTED);
		assert_int_equal(m->has_stamp, truth[i].stamped && m->direction == PTPLENS_TRANSMIT);
		if (truth[i].stamped) {
			/* the card's clock is TAI; the kernel stamps 3 us later on the way in, 2 us earlier on the way out */
			int64_t kernel = m->hw_ns - TAI_UTC_NS + (m->direction == PTPLENS_RECEIVE ? 3000 : -2000);
			assert_true(m->host_ns == kernel);
			assert_true(m->host_ns > START_REALTIME);
		} else {
			assert_true(m->hw_ns == PTPLENS_NO_TIME);
		}
	}
	assert_true(known);
}

static void equations_hold(const struct ptplens_certificate *c)
{
	assert_int_equal(c->positions, c->received + c->ring_lost + c->ring_pending);
	assert_int_equal(c->received, c->frame_events + c->stamp_events + c->skipped_events);
	assert_int_equal(c->frame_events, c->matched + c->ambiguous_events + c->event_only + c->outside_events + c->open_events);
	assert_int_equal(c->captured, c->frames + c->not_ptp + c->rejected);
	assert_int_equal(c->frames, c->matched + c->ambiguous_frames + c->frame_only + c->outside_frames + c->open_frames);
	assert_int_equal(c->stamp_events,
	                 c->attached + c->late + c->ambiguous_stamps + c->orphan_stamps + c->outside_stamps + c->open_stamps);
}

static void simulated_messages_are_the_truth(void **state)
{
	struct ptplens_session *s = opened("sim:demo");
	struct ptplens_message batch[7];
	struct ptplens_certificate c;
	uint64_t by_type[16] = {0}, packets = 0;
	int64_t last = 0;
	size_t n;
	int status;

	(void)state;
	while (!(status = ptplens_session_read(s, batch, 7, -1, &n))) {
		for (size_t i = 0; i < n; i++) {
			check_message(&batch[i]);
			by_type[batch[i].header.message_type]++;
			assert_int_equal(batch[i].packet_id, ++packets);
			assert_true(batch[i].host_ns >= last);
			last = batch[i].host_ns;
		}
		assert_int_equal(ptplens_session_certificate(s, 0, &c), 0);
		equations_hold(&c);
	}
	assert_int_equal(status, PTPLENS_E_END);
	assert_int_equal(ptplens_session_read(s, batch, 7, -1, &n), PTPLENS_E_END);
	for (size_t i = 0; i < sizeof truth / sizeof truth[0]; i++)
		assert_int_equal(by_type[truth[i].type], truth[i].count);
	assert_int_equal(ptplens_session_certificate(s, 0, &c), 0);
	equations_hold(&c);
	assert_int_equal(c.final, 1);
	assert_int_equal(c.matched, packets);
	assert_int_equal(c.frames, packets);
	assert_int_equal(c.frame_events, packets);
	assert_int_equal(c.attached, 79);
	assert_int_equal(c.open_events + c.open_frames + c.open_stamps + c.ring_pending, 0);
	struct ptplens_interface interface;
	assert_int_equal(ptplens_session_interface(s, 0, &interface), 0);
	assert_int_equal(interface.mode, PTPLENS_MODE_SIMULATED);
	assert_int_equal(interface.certificate_verdict, PTPLENS_NO_VERDICT);
	ptplens_session_close(s);
}

static void stopping_ends_early_and_loses_nothing(void **state)
{
	struct ptplens_session *s = opened("sim:demo");
	struct ptplens_message batch[4];
	struct ptplens_certificate c;
	uint64_t given = 0;
	size_t n;

	(void)state;
	assert_int_equal(ptplens_session_read(s, batch, 4, -1, &n), 0);
	given += n;
	ptplens_session_stop(s);
	while (!ptplens_session_read(s, batch, 4, -1, &n))
		given += n;
	assert_int_equal(ptplens_session_certificate(s, 0, &c), 0);
	equations_hold(&c);
	assert_int_equal(c.final, 1);
	assert_true(c.frames < 100);
	assert_int_equal(given,
	                 c.frames - c.outside_frames + c.event_only + c.ambiguous_events + c.late + c.orphan_stamps + c.ambiguous_stamps);
	ptplens_session_close(s);
}

static void refused(const char *source, const struct ptplens_session_options *options, int code, const char *words)
{
	struct ptplens_session *s = ptplens_session_new();
	struct ptplens_message m;
	size_t n;

	assert_int_equal(ptplens_session_open(s, source, options), code);
	assert_non_null(strstr(ptplens_session_errmsg(s), words));
	assert_int_equal(ptplens_session_interfaces(s), 0);
	assert_int_equal(ptplens_session_read(s, &m, 1, 0, &n), PTPLENS_E_STATE);
	ptplens_session_close(s);
}

/* One a second, of the simulator's clocks; two readers follow at their own pace. */
static void samples_are_the_truth(void **state)
{
	struct ptplens_session *s = opened("sim:demo");
	struct ptplens_clock_sample often[100], rarely[100];
	struct ptplens_message batch[16];
	uint64_t position = 0, other = 0;
	size_t n, count, got = 0;

	(void)state;
	while (!ptplens_session_read(s, batch, 16, -1, &n)) {
		assert_int_equal(ptplens_session_samples(s, 0, &position, often + got, 1, &count), 0);
		got += count;
		assert_int_equal(position, got);
	}
	assert_int_equal(ptplens_session_samples(s, 1, &other, rarely, 100, &count), PTPLENS_E_ARGUMENT);
	assert_int_equal(ptplens_session_samples(s, 0, &other, rarely, 100, &count), 0);
	assert_int_equal(count, got);
	assert_memory_equal(often, rarely, got * sizeof often[0]);
	assert_int_equal(got, 11);
	for (size_t k = 0; k < got; k++) {
		assert_int_equal(often[k].kind, PTPLENS_KIND_CLOCK);
		assert_int_equal((int64_t)often[k].nic_ns - often[k].realtime_ns, TAI_UTC_NS);
		assert_in_range(often[k].realtime_ns - START_REALTIME, k * 1000000000, k * 1000000000 + 20000000);
		assert_int_equal(ptplens_sample_scale(&often[k]), PTPLENS_SCALE_TAI);
	}
	assert_string_equal(ptplens_scale_word(PTPLENS_SCALE_TAI), "tai");
	assert_string_equal(ptplens_session_notes(s), "");
	ptplens_session_close(s);
}

static void errors_name_what_is_wrong(void **state)
{
	struct ptplens_session_options odd = {.size = sizeof odd, .ring_slots = 100};

	(void)state;
	refused("", NULL, PTPLENS_E_ARGUMENT, "empty source");
	refused("no-such-interface0", NULL, PTPLENS_E_NOT_FOUND, "no-such-interface0");
	refused("./no-such-file", NULL, PTPLENS_E_NOT_FOUND, "no-such-file");
	refused("sim:nothing", NULL, PTPLENS_E_NOT_FOUND, "demo");
	refused("sim:demo", &odd, PTPLENS_E_ARGUMENT, "power of two");
	for (int code = 0; code >= PTPLENS_E_GONE; code--)
		assert_string_not_equal(ptplens_strerror(code), ptplens_strerror(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(simulated_messages_are_the_truth),
	    cmocka_unit_test(stopping_ends_early_and_loses_nothing),
	    cmocka_unit_test(samples_are_the_truth),
	    cmocka_unit_test(errors_name_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

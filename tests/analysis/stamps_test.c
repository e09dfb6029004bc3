/* SPDX-License-Identifier: BSD-3-Clause */
/* Each named cause is made, and not made when its evidence is taken away; the counts and the pairing of late stamps hold at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ptplens/ptplens.h>

#define US 1000ll
#define MS 1000000ll
#define S 1000000000ll
#define REALTIME (1700000000 * S) /* minus monotonic */
#define HARDWARE PTPLENS_FLAG_HARDWARE_REQUESTED
#define SOFTWARE PTPLENS_FLAG_SOFTWARE_REQUESTED
enum { SYNC = 0, DELAY_REQ = 1, ANNOUNCE = 11 };

static struct ptplens_stamps *stamps;
static struct ptplens_stamps_report summary;
static int64_t now; /* monotonic */
static uint64_t position;

static int start(void **state)
{
	(void)state;
	stamps = ptplens_stamps_new();
	now = 1000 * S;
	position = 0;
	return !stamps;
}

static int end(void **state)
{
	(void)state;
	ptplens_stamps_close(stamps);
	return 0;
}

static void push(const struct ptplens_message *m)
{
	assert_int_equal(ptplens_stamps_push(stamps, m, 1), 0);
}

static struct ptplens_message message(int direction, int type, int minor_version, uint16_t sequence_id, int state, unsigned flags)
{
	struct ptplens_message m = {
	    .direction = (uint8_t)direction,
	    .verdict = PTPLENS_MATCHED,
	    .stamp_state = (uint8_t)state,
	    .has_event = 1,
	    .host_ns = REALTIME + now + (direction == PTPLENS_TRANSMIT ? 2 * US : -2 * US),
	    .tap_ns = now,
	    .hw_ns = PTPLENS_NO_TIME,
	    .stamp_delay_ns = PTPLENS_NO_TIME,
	    .header = {.message_type = (uint8_t)type,
	               .version = (uint8_t)(minor_version << 4 | 2),
	               .sequence_id = sequence_id,
	               .port_number = 1},
	};
	m.event = (struct ptplens_event){.direction = m.direction,
	                                 .message_type = m.header.message_type,
	                                 .sequence_id = sequence_id,
	                                 .flags = (uint16_t)flags,
	                                 .system_timestamp = (uint64_t)now,
	                                 .sequence = ++position};
	return m;
}

static void push_many(int n, int direction, int type, int minor_version, int state, unsigned flags)
{
	while (n-- > 0) {
		struct ptplens_message m = message(direction, type, minor_version, (uint16_t)n, state, flags);
		if (direction == PTPLENS_TRANSMIT && state == PTPLENS_STAMP_STATE_HARDWARE)
			m.stamp_delay_ns = 30 * US;
		push(&m);
		now += 10 * MS;
	}
}

/* A late stamp of the frame m, `delay` after it; exact: it names the frame's event. */
static struct ptplens_message late(const struct ptplens_message *m, int64_t delay, int exact)
{
	struct ptplens_message l = *m;

	l.verdict = PTPLENS_EVENT_ONLY;
	l.cause = PTPLENS_CAUSE_LATE_STAMP;
	l.stamp_state = PTPLENS_STAMP_STATE_LATE;
	l.has_event = 0;
	l.has_stamp = 1;
	l.host_ns = PTPLENS_NO_TIME;
	l.tap_ns = m->tap_ns + delay;
	l.stamp = m->event;
	l.stamp.kind = PTPLENS_KIND_STAMP;
	l.stamp.system_timestamp = (uint64_t)l.tap_ns;
	l.stamp.frame_sequence = exact ? (uint32_t)m->event.sequence : 0;
	return l;
}

static void look(const struct ptplens_stamps_evidence *e)
{
	ptplens_stamps_summary(stamps, 0, e, &summary);
	for (size_t k = 0; k < summary.rows; k++) {
		const struct ptplens_stamps_row *r = &summary.row[k];
		assert_int_equal(r->frames, r->asked + r->not_asked + r->unknown);
		assert_int_equal(r->asked, r->delivered + r->late + r->ambiguous + r->refused + r->lost + r->unreadable + r->not_visible);
	}
}

static const struct ptplens_stamps_finding *finding(int cause)
{
	const struct ptplens_stamps_finding *found = NULL;

	for (size_t k = 0; k < summary.findings; k++) {
		if (summary.finding[k].cause != cause)
			continue;
		assert_null(found);
		found = &summary.finding[k];
	}
	return found;
}

static void expect(int cause, int direction, uint64_t frames, uint64_t evidence)
{
	const struct ptplens_stamps_finding *f = finding(cause);

	if (!f)
		fail_msg("no finding %s", ptplens_stamps_cause_word(cause));
	assert_int_equal(f->direction, direction);
	assert_int_equal(f->frames, frames);
	assert_int_equal(f->evidence, evidence);
}

static void expect_only(int cause, int direction, uint64_t frames, uint64_t evidence)
{
	assert_int_equal(summary.findings, 1);
	expect(cause, direction, frames, evidence);
}

static const struct ptplens_stamps_row *row(int direction, int type, int minor_version)
{
	for (size_t k = 0; k < summary.rows; k++)
		if (summary.row[k].direction == direction && summary.row[k].message_type == type &&
		    summary.row[k].minor_version == minor_version)
			return &summary.row[k];
	fail_msg("no row");
	return NULL;
}

static void nothing(void **state)
{
	uint64_t older = 7;

	(void)state;
	assert_int_equal(ptplens_stamps_push(stamps, NULL, 0), 0);
	look(NULL);
	assert_int_equal(summary.rows + summary.findings + summary.timeout_ms, 0);
	assert_true(summary.delay_max_ns == PTPLENS_NO_TIME);
	ptplens_stamps_summary(stamps, PTPLENS_STAMPS_INTERFACES, NULL, &summary);
	assert_int_equal(summary.rows, 0);
	assert_int_equal(ptplens_stamps_unstamped(stamps, NULL, 0, &older), 0);
	assert_int_equal(older, 0);
	ptplens_stamps_close(NULL);
}

static void what_is_no_message_of_an_interface(void **state)
{
	struct ptplens_message m = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_NONE, 0);

	(void)state;
	m.verdict = PTPLENS_NOT_PTP;
	push(&m);
	m.verdict = PTPLENS_TRUNCATED;
	push(&m);
	look(NULL);
	assert_int_equal(summary.rows, 0);
	m.verdict = PTPLENS_MATCHED;
	m.interface_index = PTPLENS_STAMPS_INTERFACES;
	assert_int_equal(ptplens_stamps_push(stamps, &m, 1), PTPLENS_E_ARGUMENT);
	m.interface_index--;
	push(&m);
	look(NULL);
	assert_int_equal(summary.rows, 0);
	ptplens_stamps_summary(stamps, m.interface_index, NULL, &summary);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->unknown, 1);
}

static void every_fate(void **state)
{
	(void)state;
	push_many(3, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(4, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_SOFTWARE, HARDWARE | SOFTWARE);
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_REFUSED, HARDWARE);
	push_many(6, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	push_many(7, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_NOT_REQUESTED, 0);
	push_many(8, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_NONE, PTPLENS_FLAG_REQUEST_UNKNOWN);
	push_many(2, PTPLENS_RECEIVE, SYNC, 1, PTPLENS_STAMP_STATE_PHY, HARDWARE);
	push_many(3, PTPLENS_RECEIVE, SYNC, 1, PTPLENS_STAMP_STATE_NONE, HARDWARE);
	push_many(4, PTPLENS_RECEIVE, SYNC, 1, PTPLENS_STAMP_STATE_NONE, PTPLENS_FLAG_REQUEST_UNKNOWN);
	push_many(5, PTPLENS_RECEIVE, SYNC, 1, PTPLENS_STAMP_STATE_NOT_REQUESTED, 0);
	push_many(6, PTPLENS_RECEIVE, SYNC, 1, PTPLENS_STAMP_STATE_REFUSED, HARDWARE);
	look(NULL);
	assert_int_equal(summary.rows, 2);
	const struct ptplens_stamps_row *t = row(PTPLENS_TRANSMIT, SYNC, 0), *r = row(PTPLENS_RECEIVE, SYNC, 1);
	assert_int_equal(t->frames, 33);
	assert_int_equal(t->delivered, 7);
	assert_int_equal(t->hardware, 3);
	assert_int_equal(t->refused, 5);
	assert_int_equal(t->lost, 6);
	assert_int_equal(t->not_asked, 7);
	assert_int_equal(t->unknown, 8);
	assert_int_equal(t->delays, 3);
	assert_int_equal(t->delay_max_ns, 30 * US);
	assert_int_equal(r->frames, 20);
	assert_int_equal(r->delivered, 2);
	assert_int_equal(r->lost, 3);
	assert_int_equal(r->unknown, 4);
	assert_int_equal(r->not_asked, 5);
	assert_int_equal(r->refused, 6);
}

/* --- late stamps ------------------------------------------------------------------------------------------------------------------- */

static void late_stamps_find_their_frame(int exact)
{
	struct ptplens_unstamped u[4];
	uint64_t older;
	struct ptplens_message a = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	now += 3 * S;
	struct ptplens_message b = message(PTPLENS_TRANSMIT, SYNC, 0, 2, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message of_a = late(&a, 400 * MS, exact), of_b = late(&b, 700 * MS, exact);

	push(&a);
	push(&of_b); /* a frame of a long queue comes behind its stamp */
	look(NULL);
	assert_int_equal(summary.late_without_delay, 1);
	push(&of_a);
	push(&b);
	look(NULL);
	const struct ptplens_stamps_row *r = row(PTPLENS_TRANSMIT, SYNC, 0);
	assert_int_equal(r->late, 2);
	assert_int_equal(r->lost, 0);
	assert_int_equal(r->delays, 2);
	assert_int_equal(r->delay_max_ns, 700 * MS);
	assert_int_equal(summary.late_without_delay, 0);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, 4, &older), 2);
	assert_int_equal(older, 0);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(u[k].header.sequence_id, k + 1);
		assert_int_equal(u[k].stamp_state, PTPLENS_STAMP_STATE_LATE);
		assert_int_equal(u[k].stamp_delay_ns, k ? 700 * MS : 400 * MS);
	}
}

static void late_by_position(void **state)
{
	(void)state;
	late_stamps_find_their_frame(1);
}

static void late_by_key(void **state)
{
	(void)state;
	late_stamps_find_their_frame(0);
}

/* sequenceId comes round every 65536 messages: frames of one id are told apart by position, else by time, else not at all. */
static void wrapped_sequence_ids(void **state)
{
	struct ptplens_unstamped u[4];
	uint64_t older;
	struct ptplens_message old = message(PTPLENS_TRANSMIT, SYNC, 0, 9, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	now += 512 * S;
	struct ptplens_message new = message(PTPLENS_TRANSMIT, SYNC, 0, 9, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message stamp = late(&new, 300 * MS, 0);

	(void)state;
	push(&old);
	push(&new);
	push(&stamp);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, 4, &older), 2);
	assert_int_equal(u[0].stamp_state, PTPLENS_STAMP_STATE_UNDELIVERED);
	assert_int_equal(u[1].stamp_state, PTPLENS_STAMP_STATE_LATE);
	now += 512 * S;
	struct ptplens_message one = message(PTPLENS_TRANSMIT, SYNC, 0, 9, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	now += MS;
	struct ptplens_message two = message(PTPLENS_TRANSMIT, SYNC, 0, 9, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	push(&one);
	push(&two);
	stamp = late(&one, 300 * MS, 0);
	push(&stamp);
	look(NULL);
	assert_int_equal(summary.late_without_delay, 1);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->late, 2);
	stamp = late(&two, 300 * MS, 1);
	push(&stamp);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, 4, &older), 4);
	assert_int_equal(u[2].stamp_state, PTPLENS_STAMP_STATE_UNDELIVERED);
	assert_int_equal(u[3].stamp_state, PTPLENS_STAMP_STATE_LATE);
}

static void stamps_of_other_keys_do_not_count_as_late(void **state)
{
	struct ptplens_message a = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message others[9];
	struct ptplens_unstamped u;
	uint64_t older;

	(void)state;
	push(&a);
	for (size_t k = 0; k < 9; k++)
		others[k] = late(&a, 300 * MS, k != 6);
	others[0].header.sequence_id++;
	others[1].header.domain_number++;
	others[2].header.clock_identity[7]++;
	others[3].header.port_number++;
	others[4].interface_index++;
	others[5].stamp.frame_sequence++;
	others[6].stamp.message_hash++;
	others[7].stamp.system_timestamp += 2 * S;
	others[8].stamp.system_timestamp -= 301 * MS; /* before its frame */
	for (size_t k = 0; k < 9; k++)
		push(&others[k]);
	assert_int_equal(ptplens_stamps_unstamped(stamps, &u, 1, &older), 1);
	assert_int_equal(u.stamp_state, PTPLENS_STAMP_STATE_UNDELIVERED);
	look(NULL);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->delays, 0);
	assert_int_equal(summary.late_without_delay, 8);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->late, 1); /* no more than frames are without a stamp */
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->orphan, 7);
}

static void stamps_alone(void **state)
{
	struct ptplens_message a = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message stamp = late(&a, 300 * MS, 0);

	(void)state;
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	stamp.stamp_state = PTPLENS_STAMP_STATE_HARDWARE;
	stamp.verdict = PTPLENS_AMBIGUOUS;
	push(&stamp);
	push(&stamp);
	stamp.verdict = PTPLENS_EVENT_ONLY;
	push(&stamp);
	look(NULL);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->ambiguous, 2);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, 3);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->orphan, 1);
	stamp.verdict = PTPLENS_AMBIGUOUS;
	for (int k = 0; k < 7; k++)
		push(&stamp);
	look(NULL);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->ambiguous, 5);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, 0);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->orphan, 5);
}

static void the_list_is_bounded(void **state)
{
	static struct ptplens_unstamped u[PTPLENS_STAMPS_UNSTAMPED];
	const int n = PTPLENS_STAMPS_UNSTAMPED + 100;
	uint64_t older;

	(void)state;
	push_many(n, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, PTPLENS_STAMPS_UNSTAMPED, &older), PTPLENS_STAMPS_UNSTAMPED);
	assert_int_equal(older, 100);
	for (int k = 0; k < PTPLENS_STAMPS_UNSTAMPED; k++)
		assert_int_equal(u[k].header.sequence_id, n - 101 - k);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, 3, &older), 3);
	assert_int_equal(older, n - 3);
	assert_int_equal(u[2].header.sequence_id, 0);
	look(NULL);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, n);
}

static void stamps_without_their_frame_leave_the_list(void **state)
{
	static struct ptplens_unstamped u[PTPLENS_STAMPS_UNSTAMPED];
	struct ptplens_message a = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message stamp = late(&a, 300 * MS, 1);
	uint64_t older;

	(void)state;
	for (int k = 0; k < PTPLENS_STAMPS_UNSTAMPED + 50; k++)
		push(&stamp);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, PTPLENS_STAMPS_UNSTAMPED, &older), 0);
	assert_int_equal(older, 0);
	push_many(10, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, 4, &older), 4);
	assert_int_equal(older, 6);
	assert_int_equal(u[0].header.sequence_id, 3);
	push_many(PTPLENS_STAMPS_UNSTAMPED, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	assert_int_equal(ptplens_stamps_unstamped(stamps, u, PTPLENS_STAMPS_UNSTAMPED, &older), PTPLENS_STAMPS_UNSTAMPED);
	assert_int_equal(older, 10);
}

/* --- causes ------------------------------------------------------------------------------------------------------------------------ */

static void lose(int lost)
{
	push_many(20, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(lost, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
}

static void counters_explain_what_they_rose_by(void **state)
{
	static const struct {
		const char *counter;
		int cause;
	} cases[] = {{"tx_hwtstamp_skipped", PTPLENS_STAMPS_SLOT_BUSY}, {"tx_hwtstamp_timeouts", PTPLENS_STAMPS_CARD_TIMEOUT}};

	lose(5);
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct ptplens_counter rise[] = {{"rx_hwtstamp_cleared", 9}, {"", 3}};
		const struct ptplens_stamps_evidence e = {.rise = rise, .rises = 2};
		strcpy(rise[1].name, cases[k].counter);
		look(&e);
		assert_int_equal(summary.findings, 2);
		expect(cases[k].cause, PTPLENS_TRANSMIT, 3, 3);
		expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 2, 0);
		rise[1].value = 8;
		look(&e);
		expect_only(cases[k].cause, PTPLENS_TRANSMIT, 5, 8);
		rise[1].value = 0;
		look(&e);
		expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 5, 0);
	}
	end(state);
	start(state);
	lose(0);
	const struct ptplens_counter rise = {"tx_hwtstamp_skipped", 4}; /* of frames that are not PTP */
	look(&(struct ptplens_stamps_evidence){.rise = &rise, .rises = 1});
	assert_int_equal(summary.findings, 0);
}

static void causes_add_up_to_what_is_lost(void **state)
{
	const struct ptplens_counter rise[] = {{"tx_hwtstamp_timeouts", 1}, {"tx_hwtstamp_skipped", 2}};
	const struct ptplens_certificate certificate = {.ring_lost = 1};

	(void)state;
	lose(10);
	push_many(3, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, SOFTWARE);
	look(&(struct ptplens_stamps_evidence){.certificate = &certificate, .rise = rise, .rises = 2});
	assert_int_equal(summary.findings, 4);
	expect(PTPLENS_STAMPS_RING_LOSS, PTPLENS_TRANSMIT, 1, 1);
	expect(PTPLENS_STAMPS_SLOT_BUSY, PTPLENS_TRANSMIT, 2, 2);
	expect(PTPLENS_STAMPS_CARD_TIMEOUT, PTPLENS_TRANSMIT, 1, 1);
	expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 9, 0);
}

/* The ring may have lost the one hardware stamp: then a busy slot explains nothing more. */
static void no_frame_is_explained_twice(void **state)
{
	const struct ptplens_counter rise = {"tx_hwtstamp_skipped", 5};
	const struct ptplens_certificate certificate = {.ring_lost = 1};

	(void)state;
	push_many(1, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	push_many(3, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, SOFTWARE);
	look(&(struct ptplens_stamps_evidence){.certificate = &certificate, .rise = &rise, .rises = 1});
	assert_int_equal(summary.findings, 2);
	expect(PTPLENS_STAMPS_RING_LOSS, PTPLENS_TRANSMIT, 1, 1);
	expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 3, 0);
}

/* A busy slot is the card's: it explains no software stamp. */
static void cards_do_not_lose_software_stamps(void **state)
{
	const struct ptplens_counter rise[] = {{"tx_hwtstamp_timeouts", 9}, {"tx_hwtstamp_skipped", 9}};

	(void)state;
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, SOFTWARE);
	look(&(struct ptplens_stamps_evidence){.rise = rise, .rises = 2});
	expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 5, 0);
	expect(PTPLENS_STAMPS_SOFTWARE_ONLY, PTPLENS_TRANSMIT, 5, 5);
	assert_int_equal(summary.findings, 2);
}

static void receive_register_stuck(void **state)
{
	const struct ptplens_counter rise[] = {{"rx_hwtstamp_cleared", 3}, {"tx_hwtstamp_skipped", 3}};

	(void)state;
	push_many(6, PTPLENS_RECEIVE, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(4, PTPLENS_RECEIVE, SYNC, 0, PTPLENS_STAMP_STATE_NONE, HARDWARE);
	look(&(struct ptplens_stamps_evidence){.rise = rise, .rises = 2});
	assert_int_equal(summary.findings, 2);
	expect(PTPLENS_STAMPS_RX_CLEARED, PTPLENS_RECEIVE, 3, 3);
	expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_RECEIVE, 1, 0);
}

static void versions(int direction, int lost_state)
{
	push_many(10, direction, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(6, direction, SYNC, 1, lost_state, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_MINOR_VERSION, direction, 6, 10);
	push_many(1, direction, SYNC, 1, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE); /* one stamp is proof of the contrary */
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, direction, 6, 0);
}

static void versions_sent(void **state)
{
	(void)state;
	versions(PTPLENS_TRANSMIT, PTPLENS_STAMP_STATE_UNDELIVERED);
}

static void versions_received(void **state)
{
	(void)state;
	versions(PTPLENS_RECEIVE, PTPLENS_STAMP_STATE_NONE);
}

static void versions_of_different_types_say_nothing(void **state)
{
	(void)state;
	push_many(10, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(6, PTPLENS_TRANSMIT, DELAY_REQ, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 6, 0);
}

static void few_of_a_version_say_nothing(void **state)
{
	(void)state;
	push_many(10, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(3, PTPLENS_TRANSMIT, SYNC, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 3, 0);
}

static void a_card_that_stamps_little_says_nothing_of_versions(void **state)
{
	(void)state;
	push_many(4, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	push_many(6, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	push_many(6, PTPLENS_TRANSMIT, SYNC, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 12, 0);
}

static void a_card_that_never_delivers(void **state)
{
	(void)state;
	push_many(3, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 3, 0);
	push_many(2, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_NEVER_DELIVERED, PTPLENS_TRANSMIT, 5, 5);
	push_many(1, PTPLENS_TRANSMIT, DELAY_REQ, 0, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
	look(NULL);
	expect_only(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 5, 0);
}

static void software_only(void **state)
{
	(void)state;
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_SOFTWARE, SOFTWARE);
	push_many(5, PTPLENS_TRANSMIT, ANNOUNCE, 0, PTPLENS_STAMP_STATE_NOT_REQUESTED, 0);
	look(NULL);
	expect_only(PTPLENS_STAMPS_SOFTWARE_ONLY, PTPLENS_TRANSMIT, 5, 5);
	push_many(1, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_SOFTWARE, SOFTWARE | HARDWARE);
	look(NULL);
	assert_null(finding(PTPLENS_STAMPS_SOFTWARE_ONLY));
}

static void blind_taps_accuse_nobody(void **state)
{
	struct ptplens_interface interface = {.header = {.system = PTPLENS_SYSTEM_LINUX, .hooks = PTPLENS_HOOK_TCX}};
	const struct ptplens_stamps_evidence e = {.source = &interface};

	(void)state;
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(&e);
	expect_only(PTPLENS_STAMPS_NOT_VISIBLE, PTPLENS_TRANSMIT, 5, 5);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, 0);
	interface.header.hooks |= PTPLENS_HOOK_ERROR_QUEUE;
	look(&e);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, 5);
	expect_only(PTPLENS_STAMPS_NEVER_DELIVERED, PTPLENS_TRANSMIT, 5, 5);
	interface.header.system = PTPLENS_SYSTEM_WINDOWS; /* stamps come with the frames there */
	interface.header.hooks = PTPLENS_HOOK_NDIS;
	look(&e);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->lost, 5);
}

static void blind_taps_still_see_received_stamps(void **state)
{
	const struct ptplens_interface interface = {.header = {.system = PTPLENS_SYSTEM_LINUX, .hooks = PTPLENS_HOOK_TCX}};

	(void)state;
	push_many(5, PTPLENS_RECEIVE, SYNC, 0, PTPLENS_STAMP_STATE_NONE, HARDWARE);
	look(&(struct ptplens_stamps_evidence){.source = &interface});
	expect_only(PTPLENS_STAMPS_NEVER_DELIVERED, PTPLENS_RECEIVE, 5, 5);
}

/* The join gives the state `none` to a frame that asked while a stamp was reported without its frame. */
static void reports_without_frame_accuse_nobody(void **state)
{
	const struct ptplens_certificate certificate = {.stamps_unseen = 7};

	(void)state;
	push_many(5, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_NONE, HARDWARE);
	push_many(1, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_NONE, SOFTWARE);
	push_many(2, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_NONE, HARDWARE | PTPLENS_FLAG_REQUEST_UNKNOWN);
	push_many(1, PTPLENS_TRANSMIT, SYNC, 0, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	look(&(struct ptplens_stamps_evidence){.certificate = &certificate});
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->unreadable, 6);
	assert_int_equal(row(PTPLENS_TRANSMIT, SYNC, 0)->unknown, 2);
	assert_int_equal(summary.findings, 2);
	expect(PTPLENS_STAMPS_UNREADABLE, PTPLENS_TRANSMIT, 6, 7);
	expect(PTPLENS_STAMPS_UNEXPLAINED, PTPLENS_TRANSMIT, 1, 0);
}

/* --- waits ------------------------------------------------------------------------------------------------------------------------- */

static void receive_one(int64_t step)
{
	struct ptplens_message m = message(PTPLENS_RECEIVE, SYNC, 0, 1, PTPLENS_STAMP_STATE_NOT_REQUESTED, 0);

	m.host_ns += step;
	push(&m);
	now += 10 * MS;
}

static void send_one(int64_t wait, int64_t step)
{
	struct ptplens_message m = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_SOFTWARE, HARDWARE | SOFTWARE);

	m.host_ns += wait + step;
	push(&m);
	now += 10 * MS;
}

static void queues_that_hold(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		look(NULL);
		assert_int_equal(summary.findings, 0);
		send_one(20 * MS + k * MS, 0);
		send_one(900 * US, 0);
		receive_one(0);
	}
	look(NULL);
	expect_only(PTPLENS_STAMPS_QUEUE_HOLD, PTPLENS_TRANSMIT, 3, 6);
	assert_int_equal(finding(PTPLENS_STAMPS_QUEUE_HOLD)->longest_ns, 22 * MS + 4 * US);
}

static void without_received_frames_no_wait_is_known(void **state)
{
	(void)state;
	for (int k = 0; k < 1000; k++)
		send_one(20 * MS, 0);
	look(NULL);
	assert_int_equal(summary.findings, 0);
}

static void clock_steps_are_no_waits(void **state)
{
	int64_t step = 0;

	(void)state;
	for (int k = 0; k < 40; k++) {
		receive_one(step);
		step += k % 2 ? 37 * S : 0;
		send_one(0, step);
		step += k % 3 ? 500 * MS : 0;
		receive_one(step);
		send_one(0, step);
		step -= k % 5 ? 700 * MS : 0;
	}
	receive_one(step);
	look(NULL);
	assert_null(finding(PTPLENS_STAMPS_QUEUE_HOLD));
}

static void times_at_the_ends_of_the_range(void **state)
{
	static const int64_t times[] = {INT64_MIN + 1, -1, 0, INT64_MAX, PTPLENS_NO_TIME};

	(void)state;
	for (int k = 0; k < 250; k++) {
		struct ptplens_message m = message(k & 1, SYNC, 0, 1, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
		m.host_ns = times[k % 5];
		m.tap_ns = times[k / 5 % 5];
		m.stamp_delay_ns = times[k / 25 % 5];
		m.event.system_timestamp = UINT64_MAX;
		push(&m);
		m.stamp_state = PTPLENS_STAMP_STATE_UNDELIVERED;
		push(&m);
		struct ptplens_message l = late(&m, 0, 0);
		l.direction = PTPLENS_TRANSMIT;
		l.stamp.system_timestamp = (uint64_t)times[k % 5];
		push(&l);
	}
	look(NULL);
	assert_true(summary.timeout_ms == 0 || summary.timeout_ms == INT32_MAX);
}

/* --- tx_timestamp_timeout ---------------------------------------------------------------------------------------------------------- */

static void push_delays(int n, int64_t delay_ns)
{
	while (n-- > 0) {
		struct ptplens_message m = message(PTPLENS_TRANSMIT, SYNC, 0, (uint16_t)n, PTPLENS_STAMP_STATE_HARDWARE, HARDWARE);
		m.stamp_delay_ns = delay_ns;
		push(&m);
	}
}

static void timeout_needs_enough(void **state)
{
	(void)state;
	push_delays(PTPLENS_STAMPS_DELAYS_MIN - 1, 100 * US);
	look(NULL);
	assert_int_equal(summary.timeout_ms, 0);
	push_delays(1, 100 * US);
	look(NULL);
	assert_int_equal(summary.timeout_ms, 2); /* 0.1 ms, and at least 1 ms more */
}

static void timeout_is_half_as_much_again(void **state)
{
	static const struct {
		int64_t longest_ns;
		uint32_t ms;
	} cases[] = {{1 * MS, 2},     {1 * MS + 1, 3}, {2 * MS, 3},       {2 * MS + 1, 4}, {4 * MS, 6},
	             {4 * MS + 1, 7}, {10 * MS, 15},   {10 * MS + 1, 16}, {99 * MS, 149},  {1500 * MS, 2250}};

	(void)state;
	push_delays(PTPLENS_STAMPS_DELAYS_MIN, 10 * US);
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		push_delays(1, cases[k].longest_ns);
		look(NULL);
		assert_int_equal(summary.timeout_ms, cases[k].ms);
		assert_int_equal(summary.delay_max_ns, cases[k].longest_ns);
	}
}

static void late_stamps_make_the_timeout_longer(void **state)
{
	struct ptplens_message a = message(PTPLENS_TRANSMIT, SYNC, 0, 1, PTPLENS_STAMP_STATE_UNDELIVERED, HARDWARE);
	struct ptplens_message stamp = late(&a, 400 * MS, 1);

	(void)state;
	push_delays(PTPLENS_STAMPS_DELAYS_MIN, 10 * US);
	push(&a);
	push(&stamp);
	look(NULL);
	assert_int_equal(summary.timeout_ms, 600);
	push(&stamp); /* its frame is not among those kept */
	look(NULL);
	assert_int_equal(summary.late_without_delay, 1);
	assert_int_equal(summary.timeout_ms, 3000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
	    TEST(nothing),
	    TEST(what_is_no_message_of_an_interface),
	    TEST(every_fate),
	    TEST(late_by_position),
	    TEST(late_by_key),
	    TEST(wrapped_sequence_ids),
	    TEST(stamps_of_other_keys_do_not_count_as_late),
	    TEST(stamps_alone),
	    TEST(the_list_is_bounded),
	    TEST(stamps_without_their_frame_leave_the_list),
	    TEST(counters_explain_what_they_rose_by),
	    TEST(causes_add_up_to_what_is_lost),
	    TEST(no_frame_is_explained_twice),
	    TEST(cards_do_not_lose_software_stamps),
	    TEST(receive_register_stuck),
	    TEST(versions_sent),
	    TEST(versions_received),
	    TEST(versions_of_different_types_say_nothing),
	    TEST(few_of_a_version_say_nothing),
	    TEST(a_card_that_stamps_little_says_nothing_of_versions),
	    TEST(a_card_that_never_delivers),
	    TEST(software_only),
	    TEST(blind_taps_accuse_nobody),
	    TEST(blind_taps_still_see_received_stamps),
	    TEST(reports_without_frame_accuse_nobody),
	    TEST(queues_that_hold),
	    TEST(without_received_frames_no_wait_is_known),
	    TEST(clock_steps_are_no_waits),
	    TEST(times_at_the_ends_of_the_range),
	    TEST(timeout_needs_enough),
	    TEST(timeout_is_half_as_much_again),
	    TEST(late_stamps_make_the_timeout_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The real ring, parser and event layout; only the link, the clocks and the two PTP ports are made up. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "ring_read.h"

#define NS_PER_S 1000000000ll
#define NS_PER_MS 1000000ll
#define NS_PER_US 1000ll
#define TICK_NS (20 * NS_PER_MS)
#define START_MONOTONIC (1000 * NS_PER_S)
#define START_REALTIME (1700000000 * NS_PER_S)
#define TAI_UTC_S 37
#define DURATION_NS (10 * NS_PER_S)
#define FRAME_BYTES 78
#define QUEUED 64

struct frame {
	int64_t host_ns;
	uint32_t length;
	uint8_t direction;
	uint8_t bytes[FRAME_BYTES];
};

struct sim {
	struct pl_tap tap;
	struct pl_capture capture;
	int open;    /* of the two sides */
	int64_t now; /* ns since the scenario began */
	int64_t next_sync, next_announce, next_delay, next_sample;
	uint16_t sync_sequence, announce_sequence, delay_sequence;
	struct frame queue[QUEUED]; /* captured, not read yet */
	uint32_t queue_head, queue_tail;
	struct pl_ring_control control;
	struct pl_ring_slot *slots;
	struct pl_ring_reader reader;
};

static const uint8_t master_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t slave_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t multicast_mac[6] = {0x01, 0x1b, 0x19, 0, 0, 0};

static struct sim *sim_of_tap(struct pl_tap *t)
{
	return (struct sim *)((char *)t - offsetof(struct sim, tap));
}

static struct sim *sim_of_capture(struct pl_capture *c)
{
	return (struct sim *)((char *)c - offsetof(struct sim, capture));
}

static void put16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static void put_identity(uint8_t *b, const uint8_t *mac)
{
	const uint8_t identity[8] = {mac[0], mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
	memcpy(b, identity, 8);
	put16(b + 8, 1);
}

/* TAI as a PTP timestamp: 48 bits of seconds, 32 bits of ns. */
static void put_timestamp(uint8_t *b, int64_t since_start)
{
	int64_t tai = START_REALTIME + TAI_UTC_S * NS_PER_S + since_start;
	uint64_t s = (uint64_t)(tai / NS_PER_S);
	uint32_t ns = (uint32_t)(tai % NS_PER_S);

	put16(b, (uint32_t)(s >> 32));
	put16(b + 2, (uint32_t)(s >> 16) & 0xffff);
	put16(b + 4, (uint32_t)s & 0xffff);
	put16(b + 6, ns >> 16);
	put16(b + 8, ns & 0xffff);
}

static uint64_t publish(struct sim *s, const struct ptplens_event *e)
{
	uint64_t words[8];
	uint64_t position = pl_ring_take(&s->control), mask = s->control.slot_count - 1;

	memcpy(words, e, sizeof words);
	pl_ring_put(&s->control, &s->slots[position & mask], position, mask, words);
	return position + 1;
}

static const struct {
	uint8_t type, length, control, from_master;
	int8_t interval;
} messages[] = {
    {0x0, 44, 0, 1, -3}, {0x8, 44, 2, 1, -3}, {0xb, 64, 5, 1, 0}, {0x1, 44, 1, 0, 127}, {0x9, 54, 3, 1, -3},
};
enum { SYNC, FOLLOW_UP, ANNOUNCE, DELAY_REQ, DELAY_RESP };

/* One message on the link at `at`: its bytes into the capture, its event and stamps into the ring. */
static void send(struct sim *s, int message, uint16_t sequence, int64_t at, int64_t timestamp)
{
	struct frame *f = &s->queue[s->queue_tail++ % QUEUED];
	const uint8_t *from = messages[message].from_master ? master_mac : slave_mac;
	uint8_t *p = f->bytes + 14;

	*f = (struct frame){.length = 14u + messages[message].length, .direction = !messages[message].from_master};
	memcpy(f->bytes, multicast_mac, 6);
	memcpy(f->bytes + 6, from, 6);
	put16(f->bytes + 12, PL_ETHERTYPE_PTP);
	p[0] = messages[message].type;
	p[1] = 2;
	put16(p + 2, messages[message].length);
	p[6] = message == SYNC ? 2 : 0;
	put_identity(p + 20, from);
	put16(p + 30, sequence);
	p[32] = messages[message].control;
	p[33] = (uint8_t)messages[message].interval;
	put_timestamp(p + 34, timestamp);
	if (message == DELAY_RESP)
		put_identity(p + 44, slave_mac);

	struct ptplens_event e = {.direction = f->direction, .queue_id = PTPLENS_QUEUE_UNKNOWN};
	uint32_t offset;
	pl_frame_parse(f->bytes, f->length, f->length, -1, &e, &offset);
	int event_message = message == SYNC || message == DELAY_REQ;
	e.flags |= PTPLENS_FLAG_SIMULATED | (event_message ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0);
	uint64_t stamp = (uint64_t)(START_REALTIME + TAI_UTC_S * NS_PER_S + at);

	if (f->direction == PTPLENS_RECEIVE) {
		f->host_ns = START_REALTIME + at + 3 * NS_PER_US;
		e.system_timestamp = (uint64_t)(START_MONOTONIC + at + 5 * NS_PER_US);
		e.frame_stamp = (uint32_t)f->host_ns;
		if (event_message) {
			e.stamp = PTPLENS_STAMP_NIC;
			e.hw_timestamp_ns = stamp;
		}
		publish(s, &e);
		return;
	}
	e.system_timestamp = (uint64_t)(START_MONOTONIC + at - 4 * NS_PER_US);
	f->host_ns = START_REALTIME + at - 2 * NS_PER_US;
	e.frame_sequence = (uint32_t)publish(s, &e);
	e.kind = PTPLENS_KIND_STAMP;
	e.stamp = PTPLENS_STAMP_NIC;
	e.hw_timestamp_ns = stamp;
	e.system_timestamp = (uint64_t)(START_MONOTONIC + at + 30 * NS_PER_US);
	publish(s, &e);
}

/* Runs the link up to now: Sync and Follow_Up eight times a second, Delay_Req with its answer half an interval later, Announce once. */
static void run(struct sim *s)
{
	while (s->next_sync <= s->now && s->next_sync < DURATION_NS) {
		if (s->next_announce <= s->next_sync) {
			send(s, ANNOUNCE, s->announce_sequence++, s->next_sync - NS_PER_MS, 0);
			s->next_announce += NS_PER_S;
		}
		send(s, SYNC, s->sync_sequence, s->next_sync, 0);
		send(s, FOLLOW_UP, s->sync_sequence++, s->next_sync + 150 * NS_PER_US, s->next_sync - 500);
		s->next_sync += NS_PER_S / 8;
	}
	while (s->next_delay <= s->now && s->next_delay < DURATION_NS) {
		send(s, DELAY_REQ, s->delay_sequence, s->next_delay, 0);
		send(s, DELAY_RESP, s->delay_sequence++, s->next_delay + 200 * NS_PER_US, s->next_delay + 500);
		s->next_delay += NS_PER_S / 8;
	}
}

static size_t sim_read(struct pl_tap *t, struct ptplens_event *out, size_t n)
{
	struct sim *s = sim_of_tap(t);
	return pl_ring_read(&s->reader, out, n, (uint64_t)(START_MONOTONIC + s->now));
}

static void sim_clocks(struct pl_tap *t, struct pl_tap_clocks *out)
{
	struct sim *s = sim_of_tap(t);
	s->now += TICK_NS;
	run(s);
	*out = (struct pl_tap_clocks){START_MONOTONIC + s->now, START_REALTIME + s->now};
}

static void sim_stats(struct pl_tap *t, struct pl_tap_stats *out)
{
	struct sim *s = sim_of_tap(t);
	*out = (struct pl_tap_stats){.detached = s->now >= DURATION_NS + NS_PER_S / 5};
	pl_ring_account(&s->reader, &out->positions, &out->ring_received, &out->ring_lost, &out->ring_pending);
}

static void sim_detach(struct pl_tap *t)
{
	struct sim *s = sim_of_tap(t);
	s->next_sync = s->next_delay = DURATION_NS;
}

static void sim_release(struct sim *s)
{
	if (--s->open)
		return;
	free(s->slots);
	free(s);
}

static void sim_close_tap(struct pl_tap *t)
{
	sim_release(sim_of_tap(t));
}

static int sim_sample(struct pl_tap *t, struct ptplens_clock_sample *out)
{
	struct sim *s = sim_of_tap(t);

	if (s->now < s->next_sample)
		return 0;
	s->next_sample += NS_PER_S;
	*out = (struct ptplens_clock_sample){
	    .nic_ns = (uint64_t)(START_REALTIME + TAI_UTC_S * NS_PER_S + s->now),
	    .monotonic_ns = (uint64_t)(START_MONOTONIC + s->now),
	    .kind = PTPLENS_KIND_CLOCK,
	    .realtime_ns = START_REALTIME + s->now,
	    .tai_utc_s = TAI_UTC_S,
	};
	return 1;
}

static const struct pl_tap_ops tap_operations = {
    .read = sim_read, .clocks = sim_clocks, .stats = sim_stats, .detach = sim_detach, .close = sim_close_tap, .sample = sim_sample};

static int sim_read_frame(struct pl_capture *c, int64_t until_ns, struct pl_captured *out, struct pl_error *error)
{
	struct sim *s = sim_of_capture(c);
	const struct frame *f = &s->queue[s->queue_head % QUEUED];

	(void)error;
	if (s->queue_head == s->queue_tail || f->host_ns > until_ns)
		return 0;
	s->queue_head++;
	*out = (struct pl_captured){f->bytes, f->length, f->length, f->host_ns, f->direction};
	return 1;
}

static void sim_capture_stats(struct pl_capture *c, struct pl_capture_stats *out)
{
	(void)c;
	*out = (struct pl_capture_stats){0};
}

static void sim_close_capture(struct pl_capture *c)
{
	sim_release(sim_of_capture(c));
}

static const struct pl_capture_ops capture_operations = {sim_read_frame, sim_capture_stats, sim_close_capture};

int pl_sim_open(const char *scenario, uint32_t ring_slots, struct pl_tap **tap, struct pl_capture **capture, struct pl_error *error)
{
	uint32_t slots = ring_slots ? ring_slots : PL_RING_SLOTS;

	if (strcmp(scenario, "demo"))
		return pl_fail(error, PTPLENS_E_NOT_FOUND, "sim:%s: no such scenario (there is: demo)", scenario);
	struct sim *s = calloc(1, sizeof *s);
	if (s)
		s->slots = calloc(slots, sizeof *s->slots);
	if (!s || !s->slots) {
		free(s);
		return pl_fail(error, PTPLENS_E_MEMORY, "no memory for the simulator");
	}
	s->open = 2;
	s->control = (struct pl_ring_control){
	    .magic = PL_RING_MAGIC,
	    .abi_version = PTPLENS_ABI_VERSION,
	    .slot_count = slots,
	    .slot_bytes = sizeof(struct pl_ring_slot),
	};
	pl_ring_open(&s->reader, &s->control, s->slots, 0);
	s->next_sync = 100 * NS_PER_MS;
	s->next_announce = 0;
	s->next_delay = 160 * NS_PER_MS;
	s->tap = (struct pl_tap){
	    .ops = &tap_operations,
	    .interface = "sim:demo",
	    .attach_ns = START_MONOTONIC,
	    .simulated = 1,
	    .header = {.magic = {'P', 'T', 'P', 'L', 'E', 'V', 'T', '1'},
	               .monotonic_ns = START_MONOTONIC,
	               .system = PTPLENS_SYSTEM_SIMULATOR,
	               .mac = {2, 0, 0, 0, 0, 2},
	               .kind = PTPLENS_KIND_STREAM,
	               .abi_version = PTPLENS_ABI_VERSION,
	               .clock_scale = PTPLENS_SCALE_TAI,
	               .sequence = 1},
	};
	s->capture.ops = &capture_operations;
	*tap = &s->tap;
	*capture = &s->capture;
	return 0;
}

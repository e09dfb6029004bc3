/* SPDX-License-Identifier: BSD-3-Clause */
/* The matcher with made-up stamps, and the socket beside a tap: the receive time that joins the two is the same in both. No driver here
 * gives hardware stamps. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "linux/clock.h"
#include "linux/rxstamp.h"
#include "network.h"

#define NS_PER_S 1000000000ll
#define NOW (1795533611ll * NS_PER_S)
#define NIC (NOW + 37 * NS_PER_S)
#define FRAMES 500

static struct pl_rxstamp r; /* large */
static const struct pl_rxstamp_clocks clocks = {.realtime_offset_ns = NOW};

/* The frame that the kernel received at NOW + at_ns, 3 us before its event. */
static struct ptplens_event refused(int64_t at_ns)
{
	return (struct ptplens_event){
	    .system_timestamp = (uint64_t)(at_ns + 3000), .stamp = PTPLENS_STAMP_REFUSED_FORM, .frame_stamp = (uint32_t)(NOW + at_ns)};
}

/* A bound socket without a kernel behind it: nothing comes of it but what is put. */
static void begin(void)
{
	r = (struct pl_rxstamp){.fd = 1 << 20, .bound = 1};
}

static void resolved(void **state)
{
	struct ptplens_event e[300];

	(void)state;
	begin();
	for (int k = 0; k < 300; k++) {
		pl_rxstamp_put(&r.pairs, NOW + k * 1000003ll, NIC + k * 1000003ll - 700);
		e[k] = refused(k * 1000003ll);
	}
	struct ptplens_event other = e[5], given[300];
	e[5].stamp = PTPLENS_STAMP_NIC;
	e[5].hw_timestamp_ns = 99;
	e[6].stamp = PTPLENS_STAMP_REFUSED_IMPLAUSIBLE;
	e[7].kind = PTPLENS_KIND_STAMP;
	e[8].frame_stamp = 0;
	e[9].frame_stamp++;
	memcpy(given, e, sizeof e);
	pl_rxstamp_resolve(&r, e, 300, &clocks);
	for (int k = 0; k < 300; k++) {
		if (k >= 5 && k <= 9) {
			assert_memory_equal(&e[k], &given[k], sizeof e[k]);
			continue;
		}
		assert_int_equal(e[k].stamp, PTPLENS_STAMP_NIC);
		assert_int_equal(e[k].hw_timestamp_ns, NIC + k * 1000003ll - 700);
		e[k].stamp = given[k].stamp;
		e[k].hw_timestamp_ns = 0;
		assert_memory_equal(&e[k], &given[k], sizeof e[k]); /* and nothing else */
	}
	pl_rxstamp_resolve(&r, &other, 1, &clocks);
	assert_int_equal(other.stamp, PTPLENS_STAMP_NIC);
}

static void same_receive_time(void **state)
{
	struct ptplens_event e[2] = {refused(0), refused(0)};

	(void)state;
	begin();
	pl_rxstamp_put(&r.pairs, NOW, NIC);
	pl_rxstamp_put(&r.pairs, NOW, NIC + 1);
	pl_rxstamp_resolve(&r, e, 2, &clocks);
	assert_int_equal(e[0].stamp, PTPLENS_STAMP_REFUSED_FORM);
	assert_int_equal(e[1].stamp, PTPLENS_STAMP_REFUSED_FORM);
	/* the low 32 bits come again */
	begin();
	pl_rxstamp_put(&r.pairs, NOW - (1ll << 32), NIC - (1ll << 32));
	pl_rxstamp_put(&r.pairs, NOW, NIC);
	pl_rxstamp_put(&r.pairs, NOW + (1ll << 32), NIC + (1ll << 32));
	pl_rxstamp_resolve(&r, e, 1, &clocks);
	assert_int_equal(e[0].hw_timestamp_ns, NIC);
	/* 0 is no receive time, even where a time's low 32 bits are 0 */
	int64_t zero = (NOW | 0xffffffff) + 1;
	begin();
	pl_rxstamp_put(&r.pairs, zero, NIC);
	e[0] = refused(zero - NOW);
	pl_rxstamp_resolve(&r, e, 1, &clocks);
	assert_int_equal(e[0].stamp, PTPLENS_STAMP_REFUSED_FORM);
	begin();
	pl_rxstamp_put(&r.pairs, NOW + (1ll << 32), NIC);
	e[0] = refused(0);
	pl_rxstamp_resolve(&r, e, 1, &clocks);
	assert_int_equal(e[0].stamp, PTPLENS_STAMP_REFUSED_FORM);
}

static void only_the_newest_are_held(void **state)
{
	struct ptplens_event old = refused(0), new = refused(PL_RXSTAMPS * 1000);

	(void)state;
	begin();
	for (uint64_t k = 0; k <= PL_RXSTAMPS; k++)
		pl_rxstamp_put(&r.pairs, NOW + (int64_t)k * 1000, NIC + (int64_t)k);
	pl_rxstamp_resolve(&r, &old, 1, &clocks);
	pl_rxstamp_resolve(&r, &new, 1, &clocks);
	assert_int_equal(old.stamp, PTPLENS_STAMP_REFUSED_FORM);
	assert_int_equal(new.hw_timestamp_ns, NIC + PL_RXSTAMPS);
}

static void implausible(void **state)
{
	static const struct {
		int64_t nic_ns;
		struct pl_rxstamp_clocks clocks;
		int stamp;
	} cases[] = {
	    {NOW - 86399 * NS_PER_S, {.realtime_offset_ns = NOW}, PTPLENS_STAMP_NIC},
	    {NOW - 86401 * NS_PER_S, {.realtime_offset_ns = NOW}, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {NOW + 86401 * NS_PER_S, {.realtime_offset_ns = NOW}, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {12345, {.realtime_offset_ns = NOW}, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {12345, {.realtime_offset_ns = NOW, .nic_offset_ns = 500, .has_nic_clock = 1}, PTPLENS_STAMP_NIC},
	    {-5, {.realtime_offset_ns = NOW, .nic_offset_ns = 500, .has_nic_clock = 1}, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {0, {.realtime_offset_ns = NOW, .nic_offset_ns = 500, .has_nic_clock = 1}, PTPLENS_STAMP_REFUSED_FORM},
	};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct ptplens_event e = refused(0);
		begin();
		pl_rxstamp_put(&r.pairs, NOW, cases[k].nic_ns);
		pl_rxstamp_resolve(&r, &e, 1, &cases[k].clocks);
		assert_int_equal(e.stamp, cases[k].stamp);
		assert_int_equal(e.hw_timestamp_ns, e.stamp == PTPLENS_STAMP_NIC ? (uint64_t)cases[k].nic_ns : 0);
	}
}

static void no_socket(void **state)
{
	struct ptplens_event e = refused(0);

	(void)state;
	r = (struct pl_rxstamp){.fd = -1};
	pl_rxstamp_put(&r.pairs, NOW, NIC);
	pl_rxstamp_resolve(&r, &e, 1, &clocks);
	assert_int_equal(e.stamp, PTPLENS_STAMP_REFUSED_FORM);
}

/* Every received PTP message is in the socket, with the very time that stands in its event, and nothing else is. */
static void socket_beside_a_tap(void **state)
{
	static struct ptplens_event events[FRAMES];
	struct pl_tap *tap = test_open("vb", PL_TAP_ATTACH_BEST);
	int fd = test_packet_socket("va"), back = test_packet_socket("vb");

	(void)state;
	pl_rxstamp_open(&r, tap->header.ifindex);
	assert_true(r.fd >= 0);
	test_send(fd, 0, 10); /* not bound: not seen */
	assert_int_equal(test_read(tap, events, 10), 10);
	pl_rxstamp_drain(&r);
	assert_int_equal(r.pairs.n, 0);

	/* the first refused stamp binds it */
	events[0].stamp = PTPLENS_STAMP_NONE;
	pl_rxstamp_resolve(&r, events, 1, &clocks);
	assert_int_equal(r.bound, 0);
	events[0].stamp = PTPLENS_STAMP_REFUSED_FORM;
	pl_rxstamp_resolve(&r, events, 1, &clocks);
	assert_int_equal(r.bound, 1);
	test_command("ping -q -c 3 -i 0.01 -I va ff02::1 >/dev/null; true");
	test_send(back, 0, 20); /* sent, not received */
	test_send(fd, 100, FRAMES);
	size_t found = 0, received = 0;
	for (size_t n = 0; received < FRAMES;) {
		n = test_read(tap, events, 1);
		assert_int_equal(n, 1);
		if (events[0].direction != PTPLENS_RECEIVE)
			continue;
		received++;
		events[0].stamp = PTPLENS_STAMP_REFUSED_FORM;
		pl_rxstamp_resolve(&r, events, 1, &clocks);
		assert_int_equal(events[0].stamp, PTPLENS_STAMP_REFUSED_FORM); /* no hardware here */
		for (uint64_t k = 0; k < r.pairs.n; k++)
			found += (uint32_t)r.pairs.pair[k].realtime_ns == events[0].frame_stamp;
	}
	assert_int_equal(r.pairs.n, FRAMES);
	assert_in_range(found, FRAMES, FRAMES + 2); /* two frames may have the same time */
	for (uint64_t k = 0; k < r.pairs.n; k++)
		assert_int_equal(r.pairs.pair[k].nic_ns, 0);
	pl_rxstamp_close(&r);
	tap->ops->close(tap);
	close(fd);
	close(back);
}

/* What passes the filter. */
static void transports(void **state)
{
	static const struct {
		uint8_t head[60];
		int passes;
	} frames[] = {
	    {{[12] = 0x88, [13] = 0xf7}, 1},
	    {{[12] = 0x88, [13] = 0xf8}, 0},
	    {{[12] = 0x08, [14] = 0x45, [23] = 17, [36] = 1, [37] = 0x3f}, 1},
	    {{[12] = 0x08, [14] = 0x45, [23] = 17, [36] = 1, [37] = 0x40}, 1},
	    {{[12] = 0x08, [14] = 0x45, [23] = 17, [36] = 1, [37] = 0x41}, 0},
	    {{[12] = 0x08, [14] = 0x46, [23] = 17, [40] = 1, [41] = 0x3f}, 1},
	    {{[12] = 0x08, [14] = 0x46, [23] = 17, [36] = 1, [37] = 0x3f}, 0},
	    {{[12] = 0x08, [14] = 0x45, [23] = 6, [36] = 1, [37] = 0x3f}, 0},
	    {{[12] = 0x86, [13] = 0xdd, [20] = 17, [56] = 1, [57] = 0x40}, 1},
	    {{[12] = 0x86, [13] = 0xdd, [20] = 6, [56] = 1, [57] = 0x40}, 0},
	    {{[12] = 0x86, [13] = 0xdd, [20] = 17, [56] = 2, [57] = 0x40}, 0},
	};
	struct pl_tap *tap = test_open("vb", PL_TAP_ATTACH_BEST);
	int fd = test_packet_socket("va");

	(void)state;
	pl_rxstamp_open(&r, tap->header.ifindex);
	assert_int_equal(pl_rxstamp_bind(&r), 0);
	for (size_t k = 0; k < sizeof frames / sizeof frames[0]; k++) {
		struct ptplens_event e;
		uint8_t frame[60];
		memcpy(frame, frames[k].head, sizeof frame);
		memset(frame, 0xff, 6);
		uint64_t before = r.pairs.n;
		assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
		test_send(fd, (uint16_t)k, 1); /* what comes after it in the socket */
		do
			assert_int_equal(test_read(tap, &e, 1), 1);
		while (e.sequence_id != k || !(e.source_mac[0] == 2));
		pl_rxstamp_drain(&r);
		assert_int_equal(r.pairs.n - before, 1 + frames[k].passes);
	}
	pl_rxstamp_close(&r);
	tap->ops->close(tap);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(resolved),    cmocka_unit_test(same_receive_time), cmocka_unit_test(only_the_newest_are_held),
	    cmocka_unit_test(implausible), cmocka_unit_test(no_socket),         cmocka_unit_test(socket_beside_a_tap),
	    cmocka_unit_test(transports),
	};

	test_network();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Stamp settings on a made-up card: what drivers grant, and what others had set, in all combinations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card.h"
#include "linux/hwtstamp.h"

#define BIT(n) (1u << (n))
#define ANY_TX 0xfu

static char note[512];

static struct pl_hwtstamp enable(void)
{
	struct pl_hwtstamp h;

	note[0] = 0;
	pl_hwtstamp_enable(&h, "card0", note, sizeof note);
	assert_true(note[0]);
	return h;
}

static void restore(struct pl_hwtstamp *h, int in_use)
{
	note[0] = 0;
	pl_hwtstamp_restore(h, "card0", in_use, note, sizeof note);
}

/* A message that a filter may stamp, and which filters do, by their names in the kernel's header. */
static int stamps(int filter, int version, int transport, int type) /* transport 2 or 4; type 's', 'd', 'p' */
{
	switch (filter) {
	case HWTSTAMP_FILTER_ALL:
	case HWTSTAMP_FILTER_SOME:
		return 1;
	case HWTSTAMP_FILTER_PTP_V1_L4_EVENT:
		return version == 1;
	case HWTSTAMP_FILTER_PTP_V1_L4_SYNC:
		return version == 1 && type == 's';
	case HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ:
		return version == 1 && type == 'd';
	case HWTSTAMP_FILTER_PTP_V2_EVENT:
		return version == 2;
	case HWTSTAMP_FILTER_PTP_V2_SYNC:
		return version == 2 && type == 's';
	case HWTSTAMP_FILTER_PTP_V2_DELAY_REQ:
		return version == 2 && type == 'd';
	case HWTSTAMP_FILTER_PTP_V2_L4_EVENT:
	case HWTSTAMP_FILTER_PTP_V2_L2_EVENT:
		return version == 2 && transport == (filter == HWTSTAMP_FILTER_PTP_V2_L4_EVENT ? 4 : 2);
	case HWTSTAMP_FILTER_PTP_V2_L4_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_L2_SYNC:
		return version == 2 && type == 's' && transport == (filter == HWTSTAMP_FILTER_PTP_V2_L4_SYNC ? 4 : 2);
	case HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ:
	case HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ:
		return version == 2 && type == 'd' && transport == (filter == HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ ? 4 : 2);
	case HWTSTAMP_FILTER_NTP_ALL:
		return version == 0;
	default:
		return 0;
	}
}

static void assert_not_narrower(int before, int after)
{
	for (int version = 0; version <= 2; version++)
		for (int transport = 2; transport <= 4; transport += 2)
			for (const char *type = "sdp"; *type; type++)
				if (stamps(before, version, transport, *type) && !stamps(after, version, transport, *type))
					fail_msg("filter %d became %d", before, after);
}

static void drivers(void **state)
{
	static const struct {
		struct hwtstamp_config before;
		uint32_t filters, tx_types;
		int upgrade, tx, rx;
		const char *words;
	} cases[] = {
	    /* PTP only (82576) */
	    {{0, 0, 0},
	     BIT(0) | BIT(HWTSTAMP_FILTER_PTP_V2_EVENT),
	     3,
	     0,
	     HWTSTAMP_TX_ON,
	     HWTSTAMP_FILTER_PTP_V2_EVENT,
	     "transmit on, receive filter ptpv2-event; they were off, none"},
	    /* every filter, given as ALL */
	    {{0, 0, 0}, 0xffff, 3, 1, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, "transmit on, receive filter all"},
	    /* ALL alone */
	    {{0, 0, 0}, BIT(0) | BIT(HWTSTAMP_FILTER_ALL), 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, "receive filter all"},
	    /* one transport alone */
	    {{0, 0, 0},
	     BIT(0) | BIT(HWTSTAMP_FILTER_PTP_V2_L4_EVENT),
	     3,
	     0,
	     HWTSTAMP_TX_ON,
	     HWTSTAMP_FILTER_PTP_V2_L4_EVENT,
	     "ptpv2-l4-event"},
	    {{0, 0, 0},
	     BIT(0) | BIT(HWTSTAMP_FILTER_PTP_V2_L2_EVENT),
	     3,
	     0,
	     HWTSTAMP_TX_ON,
	     HWTSTAMP_FILTER_PTP_V2_L2_EVENT,
	     "ptpv2-l2-event"},
	    /* transmission alone, reception alone */
	    {{0, 0, 0}, BIT(0), 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE, "transmit on, receive filter none"},
	    {{0, 0, 0}, 0xffff, 1, 0, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT, "transmit off, receive filter ptpv2-event"},
	    /* nothing */
	    {{0, 0, 0}, BIT(0), 1, 0, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE, "the driver refuses others: Numerical result out of range"},
	    /* others' settings: wide enough, one-step, of one transport, of PTP v1, unknown */
	    {{0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL}, 0xffff, 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, "on already"},
	    {{0, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL}, 0xffff, 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, "they were off, all"},
	    {{0, HWTSTAMP_TX_ONESTEP_SYNC, 0}, 0xffff, ANY_TX, 0, HWTSTAMP_TX_ONESTEP_SYNC, HWTSTAMP_FILTER_PTP_V2_EVENT, "onestep-sync"},
	    {{0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_L2_EVENT},
	     0xffff,
	     3,
	     0,
	     HWTSTAMP_TX_ON,
	     HWTSTAMP_FILTER_PTP_V2_EVENT,
	     "they were on, ptpv2-l2-event"},
	    {{0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V1_L4_SYNC}, 0xffff, 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, "receive filter all"},
	    {{0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V1_L4_SYNC},
	     0xfffd,
	     3,
	     0,
	     HWTSTAMP_TX_ON,
	     HWTSTAMP_FILTER_PTP_V1_L4_SYNC,
	     "stay as they are"},
	    {{0, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_SOME}, 0xffff, 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_SOME, "receive filter some"},
	    {{HWTSTAMP_FLAG_BONDED_PHC_INDEX, 0, 0}, 0xffff, 3, 0, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT, "transmit on"},
	};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		card = (struct card){
		    .config = cases[k].before, .filters = cases[k].filters, .tx_types = cases[k].tx_types, .upgrade = cases[k].upgrade};
		struct pl_hwtstamp h = enable();
		if (!strstr(note, cases[k].words))
			fail_msg("case %zu: %s", k, note);
		assert_int_equal(card.config.tx_type, cases[k].tx);
		assert_int_equal(card.config.rx_filter, cases[k].rx);
		assert_int_equal(card.config.flags, cases[k].before.flags);
		/* not even for a moment */
		for (int filter = 0; filter < 16; filter++)
			if (card.were & BIT(filter))
				assert_not_narrower(cases[k].before.rx_filter, filter);
		restore(&h, 0);
		assert_string_equal(note, "");
		assert_memory_equal(&card.config, &cases[k].before, sizeof card.config);
	}
}

/* Whatever was set and whatever the driver grants: nothing is narrowed, and all comes back. */
static void never_narrowed(void **state)
{
	(void)state;
	srandom(1);
	for (int k = 0; k < 20000; k++) {
		struct hwtstamp_config before = {.tx_type = (int)random() % 4, .rx_filter = (int)random() % 16};
		int narrow = random() % 4 ? 0 : (int)random() % 16;
		card = (struct card){.config = before,
		                     .filters = (uint32_t)random() & 0xffff,
		                     .tx_types = (uint32_t)random() & ANY_TX,
		                     .upgrade = random() % 4 == 0,
		                     .narrow = 0};
		/* what was set can be set again */
		card.filters |= BIT(before.rx_filter);
		card.tx_types |= BIT(before.tx_type);
		card.narrow = narrow == HWTSTAMP_FILTER_SOME ? 0 : narrow;
		card.keeps = before;
		card.mute = random() % 8 == 0;
		struct pl_hwtstamp h = enable();
		assert_not_narrower(before.rx_filter, card.config.rx_filter);
		assert_true(card.config.tx_type == before.tx_type || (!before.tx_type && card.config.tx_type == HWTSTAMP_TX_ON));
		if (card.filters >> HWTSTAMP_FILTER_PTP_V2_EVENT & 1 && !card.narrow && !card.mute && !before.rx_filter)
			assert_not_narrower(HWTSTAMP_FILTER_PTP_V2_EVENT, card.config.rx_filter);
		restore(&h, 0);
		assert_string_equal(note, "");
		assert_memory_equal(&card.config, &before, sizeof before);
	}
}

static void refusals(void **state)
{
	struct pl_hwtstamp h;

	(void)state;
	card = (struct card){.get_error = EOPNOTSUPP};
	h = enable();
	assert_non_null(strstr(note, "card0: no hardware stamps"));
	assert_int_equal(card.sets + (unsigned)h.changed, 0);
	card = (struct card){.get_error = EBUSY};
	enable();
	assert_non_null(strstr(note, "left alone: Device or resource busy"));
	card = (struct card){.set_error = EPERM, .filters = 0xffff, .tx_types = 3};
	h = enable();
	assert_non_null(strstr(note, "Operation not permitted"));
	assert_int_equal(card.sets, 1);
	assert_int_equal(h.changed, 0);
}

static void others_are_left_alone(void **state)
{
	struct pl_hwtstamp h;

	(void)state;
	for (int in_use = 0; in_use <= 1; in_use++) {
		card = (struct card){.filters = 0xffff, .tx_types = 3};
		h = enable();
		if (!in_use)
			card.config.rx_filter = HWTSTAMP_FILTER_ALL;
		struct hwtstamp_config theirs = card.config;
		restore(&h, in_use);
		assert_non_null(strstr(note, in_use ? "are left on" : "another program has changed them"));
		assert_memory_equal(&card.config, &theirs, sizeof theirs);
		unsigned sets = card.sets;
		restore(&h, 0); /* only once */
		assert_int_equal(card.sets, sets);
	}
	card = (struct card){.filters = 0xffff, .tx_types = 3};
	h = enable();
	card.get_error = ENODEV;
	restore(&h, 0);
	assert_non_null(strstr(note, "could not be put back: No such device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(drivers),
	    cmocka_unit_test(never_narrowed),
	    cmocka_unit_test(refusals),
	    cmocka_unit_test(others_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "hwtstamp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

/* What a receive filter stamps. */
#define V1_SYNC 0x001u
#define V1_DELAY_REQ 0x002u
#define L4_SYNC 0x004u
#define L4_DELAY_REQ 0x008u
#define L4_OTHER 0x010u
#define L2_SYNC 0x020u
#define L2_DELAY_REQ 0x040u
#define L2_OTHER 0x080u
#define NTP 0x100u
#define REST 0x200u
#define L4_EVENT (L4_SYNC | L4_DELAY_REQ | L4_OTHER)
#define L2_EVENT (L2_SYNC | L2_DELAY_REQ | L2_OTHER)
#define EVERYTHING 0x3ffu

static const struct {
	uint32_t stamped;
	const char *word; /* ethtool's */
} filters[] = {
    [HWTSTAMP_FILTER_NONE] = {0, "none"},
    [HWTSTAMP_FILTER_ALL] = {EVERYTHING, "all"},
    [HWTSTAMP_FILTER_SOME] = {EVERYTHING, "some"}, /* nobody knows what: as much as may be */
    [HWTSTAMP_FILTER_PTP_V1_L4_EVENT] = {V1_SYNC | V1_DELAY_REQ, "ptpv1-l4-event"},
    [HWTSTAMP_FILTER_PTP_V1_L4_SYNC] = {V1_SYNC, "ptpv1-l4-sync"},
    [HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ] = {V1_DELAY_REQ, "ptpv1-l4-delay-req"},
    [HWTSTAMP_FILTER_PTP_V2_L4_EVENT] = {L4_EVENT, "ptpv2-l4-event"},
    [HWTSTAMP_FILTER_PTP_V2_L4_SYNC] = {L4_SYNC, "ptpv2-l4-sync"},
    [HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ] = {L4_DELAY_REQ, "ptpv2-l4-delay-req"},
    [HWTSTAMP_FILTER_PTP_V2_L2_EVENT] = {L2_EVENT, "ptpv2-l2-event"},
    [HWTSTAMP_FILTER_PTP_V2_L2_SYNC] = {L2_SYNC, "ptpv2-l2-sync"},
    [HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ] = {L2_DELAY_REQ, "ptpv2-l2-delay-req"},
    [HWTSTAMP_FILTER_PTP_V2_EVENT] = {L4_EVENT | L2_EVENT, "ptpv2-event"},
    [HWTSTAMP_FILTER_PTP_V2_SYNC] = {L4_SYNC | L2_SYNC, "ptpv2-sync"},
    [HWTSTAMP_FILTER_PTP_V2_DELAY_REQ] = {L4_DELAY_REQ | L2_DELAY_REQ, "ptpv2-delay-req"},
    [HWTSTAMP_FILTER_NTP_ALL] = {NTP, "ntp-all"},
};
#define FILTERS (int)(sizeof filters / sizeof filters[0])

static const char *const tx_words[] = {"off", "on", "onestep-sync", "onestep-p2p"};

/* A filter that this program does not know may stamp anything. */
static uint32_t stamped(int filter)
{
	return filter >= 0 && filter < FILTERS ? filters[filter].stamped : EVERYTHING;
}

static int covers(int filter, int other)
{
	return !(stamped(other) & ~stamped(filter));
}

static const char *filter_word(int filter)
{
	return filter >= 0 && filter < FILTERS ? filters[filter].word : "unknown";
}

static const char *tx_word(int tx_type)
{
	return tx_type >= 0 && tx_type < (int)(sizeof tx_words / sizeof tx_words[0]) ? tx_words[tx_type] : "unknown";
}

static int same(const struct hwtstamp_config *a, const struct hwtstamp_config *b)
{
	return a->tx_type == b->tx_type && a->rx_filter == b->rx_filter && a->flags == b->flags;
}

/* 1: the driver does at least what is asked; 0: it does not, and does as before. */
static int try(struct pl_hwtstamp *h, const char *interface, int tx_type, int rx_filter, int *error)
{
	struct hwtstamp_config c = {.flags = h->before.flags, .tx_type = tx_type, .rx_filter = rx_filter}, now;
	int failed = pl_host_request(interface, SIOCSHWTSTAMP, &c);

	if (failed) {
		*error = -failed;
		return 0;
	}
	h->changed = 1;
	h->ours = c;
	if (!pl_host_request(interface, SIOCGHWTSTAMP, &now))
		h->ours = now;
	if (covers(h->ours.rx_filter, rx_filter) && h->ours.tx_type == tx_type)
		return 1;
	*error = ERANGE;
	now = h->before;
	if (!pl_host_request(interface, SIOCSHWTSTAMP, &now))
		h->changed = 0;
	return 0;
}

/* Receive filters to try, best first; the one of before ends the list. None of them stamps less than that one. */
static int candidates(int before, int *out)
{
	static const int wanted[] = {HWTSTAMP_FILTER_PTP_V2_EVENT, HWTSTAMP_FILTER_ALL, HWTSTAMP_FILTER_PTP_V2_L4_EVENT,
	                             HWTSTAMP_FILTER_PTP_V2_L2_EVENT};
	int n = 0;

	for (size_t k = 0; k < sizeof wanted / sizeof wanted[0] && !covers(before, HWTSTAMP_FILTER_PTP_V2_EVENT); k++)
		if (covers(wanted[k], before) && wanted[k] != before)
			out[n++] = wanted[k];
	out[n++] = before;
	return n;
}

static int enable(struct pl_hwtstamp *h, const char *interface, int *error)
{
	int on = h->before.tx_type == HWTSTAMP_TX_OFF ? HWTSTAMP_TX_ON : h->before.tx_type, rx[5];
	const int tx[] = {on, h->before.tx_type};
	int n = candidates(h->before.rx_filter, rx);

	for (int t = 0; t < (on == h->before.tx_type ? 1 : 2); t++)
		for (int k = 0; k < n; k++) {
			if (tx[t] == h->before.tx_type && rx[k] == h->before.rx_filter)
				return 0;
			if (try(h, interface, tx[t], rx[k], error))
				return 1;
			if (h->changed || *error == EPERM)
				return 0;
		}
	return 0;
}

void pl_hwtstamp_enable(struct pl_hwtstamp *h, const char *interface, char *note, size_t size)
{
	int error = 0;

	*h = (struct pl_hwtstamp){0};
	int failed = pl_host_request(interface, SIOCGHWTSTAMP, &h->before);
	if (failed == -EOPNOTSUPP || failed == -ENOTTY || failed == -EINVAL) {
		snprintf(note, size, "%s: no hardware stamps: the driver has no stamp settings", interface);
		return;
	}
	if (failed) {
		snprintf(note, size, "%s: stamp settings cannot be read and are left alone: %s", interface, strerror(-failed));
		return;
	}
	const char *tx = tx_word(h->before.tx_type), *rx = filter_word(h->before.rx_filter);
	if (enable(h, interface, &error))
		snprintf(note, size, "%s: hardware stamps: transmit %s, receive filter %s; they were %s, %s, and will be so again",
		         interface, tx_word(h->ours.tx_type), filter_word(h->ours.rx_filter), tx, rx);
	else if (h->changed)
		snprintf(note, size, "%s: the driver took other stamp settings than asked and does not take back those of before: %s, %s",
		         interface, tx, rx);
	else if (error)
		snprintf(note, size, "%s: hardware stamps stay as they are, transmit %s, receive filter %s: the driver refuses others: %s",
		         interface, tx, rx, strerror(error));
	else
		snprintf(note, size, "%s: hardware stamps are on already: transmit %s, receive filter %s", interface, tx, rx);
}

void pl_hwtstamp_restore(struct pl_hwtstamp *h, const char *interface, int in_use, char *note, size_t size)
{
	struct hwtstamp_config now = {0}, before = h->before;

	if (!h->changed)
		return;
	h->changed = 0;
	if (in_use) {
		snprintf(note, size, "%s: hardware stamps are left on: another program asked for stamps of its messages", interface);
		return;
	}
	int failed = pl_host_request(interface, SIOCGHWTSTAMP, &now);
	if (!failed && !same(&now, &h->ours)) {
		snprintf(note, size, "%s: stamp settings are left as they are: another program has changed them since", interface);
		return;
	}
	if (!failed)
		failed = pl_host_request(interface, SIOCSHWTSTAMP, &before);
	if (failed)
		snprintf(note, size, "%s: stamp settings could not be put back: %s", interface, strerror(-failed));
}

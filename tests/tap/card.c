/* SPDX-License-Identifier: BSD-3-Clause */
#include "card.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll

struct card card;

int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __real_open64(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_open64(const char *path, int flags, ...)
{
	if (!strcmp(path, "/dev/ptp7"))
		return memfd_create("ptp7", MFD_CLOEXEC);
	return __real_open64(path, flags);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = __real_clock_gettime(clock, t);

	if (clock == CLOCK_REALTIME) {
		int64_t ns = t->tv_sec * NS_PER_S + t->tv_nsec + card.step_ns;
		t->tv_sec = ns / NS_PER_S;
		t->tv_nsec = ns % NS_PER_S;
	}
	return result;
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	__wrap_clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void put(struct ptp_clock_time *out, int64_t ns)
{
	*out = (struct ptp_clock_time){.sec = ns / NS_PER_S, .nsec = (uint32_t)(ns % NS_PER_S)};
}

static void put_nic(struct ptp_clock_time *out)
{
	put(out, now(CLOCK_MONOTONIC) + card.ahead_ns);
}

static int read_clock(int method, void *argument)
{
	struct ptp_sys_offset_precise *precise = argument;
	struct ptp_sys_offset_extended *extended = argument;
	struct ptp_sys_offset *basic = argument;

	if (!(card.methods & method)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	card.reads++;
	if (card.clock_error) {
		errno = card.clock_error;
		return -1;
	}
	card.step_ns += card.step_on_read;
	card.step_on_read = 0;
	if (method == CARD_PRECISE) {
		/* one instant: realtime is what monotonic says, by their offset */
		int64_t offset = INT64_MAX, monotonic = now(CLOCK_MONOTONIC), width = INT64_MAX;
		for (int i = 0; i < 100; i++) {
			int64_t before = now(CLOCK_MONOTONIC), realtime = now(CLOCK_REALTIME), after = now(CLOCK_MONOTONIC);
			if (after - before < width) {
				width = after - before;
				offset = realtime - (before + after) / 2;
			}
		}
		put(&precise->device, monotonic + card.ahead_ns);
		put(&precise->sys_realtime, monotonic + offset);
	} else if (method == CARD_EXTENDED) {
		for (unsigned i = 0; i < extended->n_samples; i++) {
			put(&extended->ts[i][0], now(CLOCK_REALTIME));
			put_nic(&extended->ts[i][1]);
			put(&extended->ts[i][2], now(CLOCK_REALTIME));
		}
	} else {
		for (unsigned i = 0; i < basic->n_samples; i++) {
			put(&basic->ts[2 * i], now(CLOCK_REALTIME));
			put_nic(&basic->ts[2 * i + 1]);
		}
		put(&basic->ts[2 * basic->n_samples], now(CLOCK_REALTIME));
	}
	return 0;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

static int set_config(struct hwtstamp_config *c)
{
	card.sets++;
	if (card.set_error)
		return refuse(card.set_error);
	if (!(card.filters >> c->rx_filter & 1) || !(card.tx_types >> c->tx_type & 1))
		return refuse(ERANGE);
	if (c->rx_filter == card.keeps.rx_filter && c->tx_type == card.keeps.tx_type) {
		card.config = *c;
		return 0;
	}
	if (c->rx_filter && card.upgrade)
		c->rx_filter = HWTSTAMP_FILTER_ALL;
	if (c->rx_filter && card.narrow)
		c->rx_filter = card.narrow;
	if (card.mute)
		c->tx_type = HWTSTAMP_TX_OFF;
	card.config = *c;
	card.were |= 1u << c->rx_filter;
	return 0;
}

static int name_request(unsigned long request, struct ifreq *r)
{
	struct ethtool_ts_info *info = (void *)r->ifr_data;

	switch (request) {
	case SIOCETHTOOL:
		if (info->cmd != ETHTOOL_GET_TS_INFO)
			return refuse(EOPNOTSUPP);
		info->phc_index = card.methods ? 7 : -1;
		return 0;
	case SIOCGHWTSTAMP:
		if (card.get_error)
			return refuse(card.get_error);
		memcpy(r->ifr_data, &card.config, sizeof card.config);
		return 0;
	default:
		return set_config((void *)r->ifr_data);
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;

	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case PTP_SYS_OFFSET_PRECISE:
		return read_clock(CARD_PRECISE, argument);
	case PTP_SYS_OFFSET_EXTENDED:
		return read_clock(CARD_EXTENDED, argument);
	case PTP_SYS_OFFSET:
		return read_clock(CARD_BASIC, argument);
	case SIOCETHTOOL:
	case SIOCGHWTSTAMP:
	case SIOCSHWTSTAMP:
		if (!strcmp(((struct ifreq *)argument)->ifr_name, "card0"))
			return name_request(request, argument);
		return __real_ioctl(fd, request, argument);
	default:
		return __real_ioctl(fd, request, argument);
	}
}

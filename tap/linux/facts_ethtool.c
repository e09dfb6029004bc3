/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver tells: ethtool's netlink family where the kernel has it, its ioctl elsewhere. */
#include "facts.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/rtnl.h"

/* newer than the headers */
enum { TSINFO_STATS = 6, TSINFO_PROVIDER_SOURCE = 8, TSINFO_ATTRIBUTES };
enum { TS_STAT_TX_LOST = 2, TS_STAT_TX_ERR = 3, TS_STATS };
enum { SOURCE_NETDEV = 1, SOURCE_PHYLIB = 2 };

#define STRINGS_MAX 65536 /* names that a driver may have for its counters */

static int ask(int fd, const char *interface, unsigned long command, void *data)
{
	struct ifreq r = {.ifr_data = data};

	snprintf(r.ifr_name, sizeof r.ifr_name, "%.*s", IFNAMSIZ - 1, interface);
	return ioctl(fd, command, &r) ? -errno : 0;
}

static uint32_t coverage(int filter)
{
	switch (filter) {
	case HWTSTAMP_FILTER_NONE:
		return 0;
	case HWTSTAMP_FILTER_ALL:
		return PL_COVERS_ALL;
	case HWTSTAMP_FILTER_PTP_V2_EVENT:
		return PL_COVERS_ETHERNET | PL_COVERS_UDP;
	case HWTSTAMP_FILTER_PTP_V2_L2_EVENT:
		return PL_COVERS_ETHERNET;
	case HWTSTAMP_FILTER_PTP_V2_L4_EVENT:
		return PL_COVERS_UDP;
	case HWTSTAMP_FILTER_PTP_V2_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_DELAY_REQ:
	case HWTSTAMP_FILTER_PTP_V2_L2_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ:
	case HWTSTAMP_FILTER_PTP_V2_L4_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ:
		return PL_COVERS_ONE_TYPE;
	default:
		return PL_COVERS_OTHER;
	}
}

static void abilities(struct pl_interface_facts *f, uint32_t flags, uint32_t filters, int clock)
{
	const uint32_t raw = SOF_TIMESTAMPING_RAW_HARDWARE;

	f->abilities = PL_YES;
	f->stamping = (flags & SOF_TIMESTAMPING_TX_SOFTWARE ? PL_STAMPS_TX_SOFTWARE : 0u) |
	              (flags & SOF_TIMESTAMPING_RX_SOFTWARE ? PL_STAMPS_RX_SOFTWARE : 0u) |
	              (flags & SOF_TIMESTAMPING_TX_HARDWARE && flags & raw ? PL_STAMPS_TX_HARDWARE : 0u) |
	              (flags & SOF_TIMESTAMPING_RX_HARDWARE && flags & raw ? PL_STAMPS_RX_HARDWARE : 0u);
	f->filters = 0;
	for (int filter = 0; filter < 32; filter++)
		if (filters & 1u << filter)
			f->filters |= coverage(filter);
	f->clock = clock;
}

/* The first 32 bits of a compact bitset. */
static uint32_t bits(const struct rtattr *set)
{
	const struct rtattr *a[ETHTOOL_A_BITSET_MAX + 1];
	uint32_t value = 0;

	if (!set)
		return 0;
	pl_attributes_nested(set, a, ETHTOOL_A_BITSET_MAX + 1);
	if (a[ETHTOOL_A_BITSET_VALUE] && RTA_PAYLOAD(a[ETHTOOL_A_BITSET_VALUE]) >= sizeof value)
		memcpy(&value, RTA_DATA(a[ETHTOOL_A_BITSET_VALUE]), sizeof value);
	return value;
}

static uint32_t number(const struct rtattr *a)
{
	uint32_t value = 0;

	if (a)
		memcpy(&value, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof value ? RTA_PAYLOAD(a) : sizeof value);
	return value;
}

static void lost(struct pl_interface_facts *f, const char *name, uint64_t value)
{
	if (f->n_lost == sizeof f->lost / sizeof f->lost[0])
		return;
	snprintf(f->lost[f->n_lost].name, PL_NAME, "%s", name);
	f->lost[f->n_lost++].value = value;
}

static void statistics(struct pl_interface_facts *f, const struct rtattr *nest)
{
	static const char *const names[TS_STATS] = {[TS_STAT_TX_LOST] = "ethtool tx_lost", [TS_STAT_TX_ERR] = "ethtool tx_err"};
	const struct rtattr *a[TS_STATS];

	pl_attributes_nested(nest, a, TS_STATS);
	for (int i = 0; i < TS_STATS; i++) {
		uint64_t value = 0;
		if (!a[i] || !names[i])
			continue;
		memcpy(&value, RTA_DATA(a[i]), RTA_PAYLOAD(a[i]) < sizeof value ? RTA_PAYLOAD(a[i]) : sizeof value);
		lost(f, names[i], value);
	}
}

static void on_tsinfo(const struct nlmsghdr *h, void *context)
{
	const struct rtattr *a[TSINFO_ATTRIBUTES];
	struct pl_interface_facts *f = context;

	pl_attributes(h, sizeof(struct genlmsghdr), a, TSINFO_ATTRIBUTES);
	abilities(f, bits(a[ETHTOOL_A_TSINFO_TIMESTAMPING]), bits(a[ETHTOOL_A_TSINFO_RX_FILTERS]),
	          a[ETHTOOL_A_TSINFO_PHC_INDEX] ? (int)number(a[ETHTOOL_A_TSINFO_PHC_INDEX]) : -1);
	uint32_t source = number(a[TSINFO_PROVIDER_SOURCE]);
	f->provider = source == SOURCE_PHYLIB ? PL_PROVIDER_PHY : source == SOURCE_NETDEV ? PL_PROVIDER_MAC : PL_PROVIDER_UNKNOWN;
	if (a[TSINFO_STATS])
		statistics(f, a[TSINFO_STATS]);
}

static void init(struct pl_request *r, uint16_t family, uint8_t command)
{
	struct genlmsghdr body = {.cmd = command, .version = 1};

	pl_request_init(r, family, 0, sizeof body);
	memcpy(NLMSG_DATA(&r->header), &body, sizeof body);
}

static void on_family(const struct nlmsghdr *h, void *context)
{
	const struct rtattr *a[CTRL_ATTR_FAMILY_ID + 1];

	pl_attributes(h, sizeof(struct genlmsghdr), a, CTRL_ATTR_FAMILY_ID + 1);
	*(uint32_t *)context = number(a[CTRL_ATTR_FAMILY_ID]) & 0xffff;
}

static int tsinfo(int fd, uint16_t family, struct pl_interface_facts *f, uint32_t flags)
{
	struct pl_request r;

	init(&r, family, ETHTOOL_MSG_TSINFO_GET);
	struct rtattr *header = pl_request_nest(&r, ETHTOOL_A_TSINFO_HEADER | NLA_F_NESTED);
	pl_request_attribute(&r, ETHTOOL_A_HEADER_DEV_INDEX, &f->ifindex, sizeof f->ifindex);
	pl_request_attribute(&r, ETHTOOL_A_HEADER_FLAGS, &flags, sizeof flags);
	pl_request_end(&r, header);
	return pl_netlink_ask(fd, &r, on_tsinfo, f);
}

static int abilities_by_netlink(struct pl_interface_facts *f)
{
	uint32_t family = 0;
	struct pl_request r;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return -errno;
	init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	pl_request_attribute(&r, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME, sizeof ETHTOOL_GENL_NAME);
	int error = pl_netlink_ask(fd, &r, on_family, &family);
	if (!error)
		error = tsinfo(fd, (uint16_t)family, f, ETHTOOL_FLAG_COMPACT_BITSETS | ETHTOOL_FLAG_STATS);
	if (error && family) /* before Linux 6.10 there are no statistics */
		error = tsinfo(fd, (uint16_t)family, f, ETHTOOL_FLAG_COMPACT_BITSETS);
	close(fd);
	return error;
}

static void abilities_by_ioctl(int fd, struct pl_interface_facts *f)
{
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};

	if (!ask(fd, f->name, SIOCETHTOOL, &info))
		abilities(f, info.so_timestamping, info.rx_filters, info.phc_index);
}

static void settings(int fd, struct pl_interface_facts *f)
{
	struct hwtstamp_config c = {0};

	if (ask(fd, f->name, SIOCGHWTSTAMP, &c)) {
		f->settings = PL_NOT_TOLD;
		return;
	}
	f->settings = PL_YES;
	f->receive = coverage(c.rx_filter);
	f->transmit = c.tx_type == HWTSTAMP_TX_OFF ? PL_TRANSMIT_OFF : c.tx_type == HWTSTAMP_TX_ON ? PL_TRANSMIT_ON : PL_TRANSMIT_ONE_STEP;
}

/* The names of a set of strings; the caller frees. NULL: none. */
static struct ethtool_gstrings *strings(int fd, const char *interface, uint32_t set)
{
	union {
		struct ethtool_sset_info info;
		uint8_t room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} q = {.room = {0}};

	q.info.cmd = ETHTOOL_GSSET_INFO;
	q.info.sset_mask = 1ull << set;
	if (ask(fd, interface, SIOCETHTOOL, &q) || !q.info.sset_mask || !q.info.data[0] || q.info.data[0] > STRINGS_MAX)
		return NULL;
	/* a driver may have grown in between: it writes no more than it is asked for, but it is not asked for a number */
	struct ethtool_gstrings *s = calloc(1, sizeof *s + (size_t)STRINGS_MAX * ETH_GSTRING_LEN);
	if (!s)
		return NULL;
	*s = (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = set, .len = q.info.data[0]};
	if (!ask(fd, interface, SIOCETHTOOL, s) && s->len <= STRINGS_MAX)
		return s;
	free(s);
	return NULL;
}

static void counters(int fd, struct pl_interface_facts *f)
{
	static const char *const known[] = {"tx_hwtstamp_timeouts", "tx_hwtstamp_skipped", "rx_hwtstamp_cleared"};
	struct ethtool_gstrings *s = strings(fd, f->name, ETH_SS_STATS);
	struct ethtool_stats *values = s ? calloc(1, sizeof *values + STRINGS_MAX * sizeof(uint64_t)) : NULL;

	if (values) {
		*values = (struct ethtool_stats){.cmd = ETHTOOL_GSTATS, .n_stats = s->len};
		if (!ask(fd, f->name, SIOCETHTOOL, values))
			for (uint32_t i = 0; i < s->len && i < values->n_stats; i++)
				for (size_t k = 0; k < sizeof known / sizeof *known; k++)
					if (!strncmp((const char *)s->data + (size_t)i * ETH_GSTRING_LEN, known[k], ETH_GSTRING_LEN))
						lost(f, known[k], values->data[i]);
	}
	free(values);
	free(s);
}

static int takes_frames(const char *feature)
{
	static const char *const known[] = {"hw-tc-offload",   "l2-fwd-offload",  "hsr-tag-ins-offload", "hsr-tag-rm-offload",
	                                    "hsr-fwd-offload", "hsr-dup-offload", "rx-gro-list",         "rx-udp-gro-forwarding"};

	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		if (!strncmp(feature, known[k], ETH_GSTRING_LEN))
			return 1;
	return 0;
}

static void offloads(int fd, struct pl_interface_facts *f)
{
	struct ethtool_gstrings *s = strings(fd, f->name, ETH_SS_FEATURES);
	uint32_t blocks = s ? (s->len + 31) / 32 : 0;
	struct ethtool_gfeatures *g = s ? calloc(1, sizeof *g + blocks * sizeof g->features[0]) : NULL;

	if (g) {
		*g = (struct ethtool_gfeatures){.cmd = ETHTOOL_GFEATURES, .size = blocks};
		if (!ask(fd, f->name, SIOCETHTOOL, g))
			for (uint32_t i = 0; i < s->len && i / 32 < g->size && i / 32 < blocks; i++) {
				const char *feature = (const char *)s->data + (size_t)i * ETH_GSTRING_LEN;
				if (g->features[i / 32].active & 1u << i % 32 && takes_frames(feature))
					pl_names_add(&f->offloads, feature);
			}
	}
	free(g);
	free(s);
}

void pl_facts_ethtool(struct pl_interface_facts *f)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	f->clock = -1;
	f->abilities = f->settings = PL_NOT_TOLD;
	if (fd < 0)
		return;
	if (!ask(fd, f->name, SIOCETHTOOL, &driver))
		snprintf(f->driver, sizeof f->driver, "%.*s", (int)sizeof f->driver - 1, driver.driver);
	if (abilities_by_netlink(f))
		abilities_by_ioctl(fd, f);
	settings(fd, f);
	counters(fd, f);
	offloads(fd, f);
	close(fd);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "linux/counters.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>

#include "linux/host.h"

#define COUNTERS_MAX 65536u

static uint32_t count_of(const char *interface)
{
	struct ethtool_sset_info *set = calloc(1, sizeof *set + sizeof set->data[0]);
	uint32_t count = 0;

	if (!set)
		return 0;
	set->cmd = ETHTOOL_GSSET_INFO;
	set->sset_mask = 1ull << ETH_SS_STATS;
	if (!pl_host_request(interface, SIOCETHTOOL, set) && set->sset_mask && set->data[0] <= COUNTERS_MAX)
		count = set->data[0];
	free(set);
	return count;
}

static int tells_of_stamps(const char *name)
{
	return strstr(name, "hwtstamp") || !strncmp(name, "ptp_", 4);
}

static size_t choose(const struct ethtool_gstrings *names, const struct ethtool_stats *values, uint32_t count, struct ptplens_counter *out,
                     size_t n)
{
	char name[ETH_GSTRING_LEN + 1] = {0};
	size_t given = 0;

	for (uint32_t k = 0; k < count && given < n; k++) {
		memcpy(name, names->data + (size_t)k * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (!tells_of_stamps(name))
			continue;
		memcpy(out[given].name, name, sizeof out[given].name);
		out[given].name[sizeof out[given].name - 1] = 0;
		out[given++].value = values->data[k];
	}
	return given;
}

size_t pl_driver_counters(const char *interface, struct ptplens_counter *out, size_t n)
{
	uint32_t count = count_of(interface);
	struct ethtool_gstrings *names = calloc(1, sizeof *names + (size_t)count * ETH_GSTRING_LEN);
	struct ethtool_stats *values = calloc(1, sizeof *values + count * sizeof values->data[0]);
	size_t given = 0;

	if (count && names && values) {
		*names = (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = count};
		*values = (struct ethtool_stats){.cmd = ETHTOOL_GSTATS, .n_stats = count};
		if (!pl_host_request(interface, SIOCETHTOOL, names) && !pl_host_request(interface, SIOCETHTOOL, values))
			given = choose(names, values, count < names->len ? count : names->len, out, n);
	}
	free(names);
	free(values);
	return given;
}

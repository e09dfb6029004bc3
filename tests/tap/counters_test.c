/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of a driver's counters, with a driver of the test's own behind the ioctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdlib.h>

#include "linux/counters.h"
#include "linux/host.h"

static const char *const *names;
static const uint64_t *values;
static uint32_t count;
static uint32_t refused; /* ethtool command */

int pl_host_request(const char *interface, unsigned long command, void *data)
{
	uint32_t *cmd = data;

	assert_string_equal(interface, "eth7");
	assert_int_equal(command, SIOCETHTOOL);
	if (*cmd == refused)
		return -EOPNOTSUPP;
	if (*cmd == ETHTOOL_GSSET_INFO) {
		struct ethtool_sset_info *info = data;
		assert_int_equal(info->sset_mask, 1 << ETH_SS_STATS);
		info->data[0] = count;
		if (!count)
			info->sset_mask = 0;
	} else if (*cmd == ETHTOOL_GSTRINGS) {
		struct ethtool_gstrings *strings = data;
		assert_int_equal(strings->string_set, ETH_SS_STATS);
		strings->len = count;
		for (uint32_t k = 0; k < count; k++)
			memcpy(strings->data + (size_t)k * ETH_GSTRING_LEN, names[k],
			       strlen(names[k]) < ETH_GSTRING_LEN ? strlen(names[k]) : ETH_GSTRING_LEN);
	} else {
		struct ethtool_stats *stats = data;
		assert_int_equal(*cmd, ETHTOOL_GSTATS);
		stats->n_stats = count;
		memcpy(stats->data, values, count * sizeof *values);
	}
	return 0;
}

static void chosen_by_name(void **state)
{
	static const char *const all[] = {"rx_packets",          "tx_hwtstamp_timeouts", "aptp_x",
	                                  "tx_hwtstamp_skipped", "ptp_cq0_late_cqe",     "tx_hwtstamp_with_a_name_too_long"};
	static const uint64_t numbers[] = {1, 2, 3, UINT64_MAX, 5, 6};
	struct ptplens_counter out[8];

	(void)state;
	names = all;
	values = numbers;
	count = 6;
	assert_int_equal(strlen(all[5]), ETH_GSTRING_LEN); /* the driver's name has no end */
	assert_int_equal(pl_driver_counters("eth7", out, 8), 4);
	assert_string_equal(out[0].name, "tx_hwtstamp_timeouts");
	assert_string_equal(out[1].name, "tx_hwtstamp_skipped");
	assert_string_equal(out[2].name, "ptp_cq0_late_cqe");
	assert_string_equal(out[3].name, "tx_hwtstamp_with_a_name_too_lon");
	assert_int_equal(out[0].value, 2);
	assert_true(out[1].value == UINT64_MAX);
	assert_int_equal(out[2].value, 5);
	assert_int_equal(out[3].value, 6);
	assert_int_equal(pl_driver_counters("eth7", out, 2), 2);
	assert_int_equal(pl_driver_counters("eth7", out, 0), 0);
}

static void drivers_that_do_not_tell(void **state)
{
	static const char *const one[] = {"tx_hwtstamp_skipped"};
	static const uint64_t number[] = {9};
	struct ptplens_counter out[4];

	(void)state;
	names = one;
	values = number;
	count = 1;
	for (uint32_t k = 0; k < 3; k++) {
		refused = (uint32_t[]){ETHTOOL_GSSET_INFO, ETHTOOL_GSTRINGS, ETHTOOL_GSTATS}[k];
		assert_int_equal(pl_driver_counters("eth7", out, 4), 0);
	}
	refused = 0;
	assert_int_equal(pl_driver_counters("eth7", out, 4), 1);
	count = 0;
	assert_int_equal(pl_driver_counters("eth7", out, 4), 0);
	count = UINT32_MAX;
	assert_int_equal(pl_driver_counters("eth7", out, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chosen_by_name),
	    cmocka_unit_test(drivers_that_do_not_tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

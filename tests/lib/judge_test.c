/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rule of the doctor on made-up facts: a machine and a card in perfect order, one thing wrong at a time. Each rule must change the
 * findings of its own topics and leave all others as they were. usage: judge_test doc/doctor.md */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers.h"
#include "judge.h"

#define OK PTPLENS_SEVERITY_OK
#define NOTE PTPLENS_SEVERITY_NOTE
#define WARNING PTPLENS_SEVERITY_WARNING
#define PROBLEM PTPLENS_SEVERITY_PROBLEM
#define TOPICS_MAX 64

static const char *doc_path;
static const char *seen_topics[TOPICS_MAX];
static size_t n_seen;

static struct pl_host_facts host(void)
{
	struct pl_host_facts f = {.kernel = "6.12.95",
	                          .machine = "x86_64",
	                          .major = 6,
	                          .minor = 12,
	                          .rights = PL_RIGHTS_ALL,
	                          .has_btf = 1,
	                          .stamp_hooks = PTPLENS_HOOK_FENTRY,
	                          .tcx = PL_YES,
	                          .clocksource = "tsc",
	                          .tai_utc_s = 37};
	return f;
}

static struct pl_interface_facts card(void)
{
	struct pl_interface_facts f = {.name = "eth7",
	                               .ifindex = 7,
	                               .ethernet = 1,
	                               .up = 1,
	                               .carrier = 1,
	                               .driver = "perfect",
	                               .abilities = PL_YES,
	                               .stamping =
	                                   PL_STAMPS_TX_SOFTWARE | PL_STAMPS_RX_SOFTWARE | PL_STAMPS_TX_HARDWARE | PL_STAMPS_RX_HARDWARE,
	                               .filters = PL_COVERS_ALL,
	                               .provider = PL_PROVIDER_MAC,
	                               .settings = PL_YES,
	                               .transmit = PL_TRANSMIT_ON,
	                               .receive = PL_COVERS_ALL,
	                               .lost = {{"tx_hwtstamp_timeouts", 0}, {"tx_hwtstamp_skipped", 0}},
	                               .n_lost = 2,
	                               .clock = 3,
	                               .clock_name = "perfect clock",
	                               .clock_offset_ns = 37000000123,
	                               .clock_half_width_ns = 400,
	                               .chain = PL_YES};
	pl_names_add(&f.clock_users, "ptp4l (42)");
	return f;
}

static const struct pl_finding *find(const struct pl_findings *all, const char *topic)
{
	const struct pl_finding *found = NULL;

	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].topic, topic))
			continue;
		assert_null(found); /* one finding a topic */
		found = &all->list[i];
	}
	return found;
}

static int same(const struct pl_finding *a, const struct pl_finding *b)
{
	if (!a || !b)
		return !a && !b;
	return a->severity == b->severity && !strcmp(a->what, b->what) && !strcmp(a->meaning, b->meaning) && !strcmp(a->todo, b->todo);
}

static void well_formed(const struct pl_findings *all)
{
	assert_int_equal(all->no_memory, 0);
	assert_true(all->n > 0);
	for (size_t i = 0; i < all->n; i++) {
		const struct pl_finding *f = &all->list[i];
		const char *sentences[] = {f->what, f->meaning};
		for (int k = 0; k < 2; k++) {
			size_t length = strlen(sentences[k]);
			if (length < 5 || length >= PL_SENTENCE - 1 || !strchr(".)", sentences[k][length - 1]))
				fail_msg("%s: no whole sentence: %s", f->topic, sentences[k]);
		}
		/* what takes something away says what to do; what is fine asks for nothing */
		if (f->severity >= WARNING ? !f->todo[0] : f->severity == OK && f->todo[0])
			fail_msg("%s: severity %d with \"%s\" to do", f->topic, f->severity, f->todo);
		size_t k = 0;
		while (k < n_seen && strcmp(seen_topics[k], f->topic))
			k++;
		assert_true(k < TOPICS_MAX);
		if (k == n_seen)
			seen_topics[n_seen++] = f->topic;
	}
}

/* The topics of `also` may change too; every other finding must be that of the perfect facts. */
static void compare(const struct pl_findings *perfect, struct pl_findings *changed, const char *topic, int severity, const char *what,
                    const char *todo, const char *also)
{
	well_formed(changed);
	const struct pl_finding *f = find(changed, topic);
	assert_non_null(f);
	if (f->severity != severity || (!strstr(f->what, what) && !strstr(f->meaning, what)) || !strstr(f->todo, todo))
		fail_msg("%s: severity %d, \"%s\" > \"%s\"; wanted %d, \"%s\" > \"%s\"", topic, f->severity, f->what, f->todo, severity,
		         what, todo);
	assert_false(same(f, find(perfect, topic)));
	for (size_t i = 0; i < perfect->n; i++) {
		const char *other = perfect->list[i].topic;
		if (strcmp(other, topic) && !strstr(also, other) && !same(&perfect->list[i], find(changed, other)))
			fail_msg("%s changes %s", topic, other);
	}
	for (size_t i = 0; i < changed->n; i++)
		if (strcmp(changed->list[i].topic, topic) && !strstr(also, changed->list[i].topic))
			assert_non_null(find(perfect, changed->list[i].topic));
	free(changed->list);
}

static void expect_host(struct pl_host_facts *f, const char *topic, int severity, const char *what, const char *todo, const char *also)
{
	struct pl_host_facts p = host();
	struct pl_findings perfect = {0}, changed = {0};

	pl_judge_host(&p, &perfect);
	pl_judge_host(f, &changed);
	compare(&perfect, &changed, topic, severity, what, todo, also);
	free(perfect.list);
	*f = p;
}

static void expect_also(struct pl_interface_facts *f, const char *topic, int severity, const char *what, const char *todo, const char *also)
{
	struct pl_interface_facts p = card();
	struct pl_findings perfect = {0}, changed = {0};

	pl_judge_interface(&p, &perfect);
	pl_judge_interface(f, &changed);
	compare(&perfect, &changed, topic, severity, what, todo, also);
	free(perfect.list);
	*f = p;
}

static void expect(struct pl_interface_facts *f, const char *topic, int severity, const char *what, const char *todo)
{
	expect_also(f, topic, severity, what, todo, "");
}

static void perfect_facts_give_no_note(void **state)
{
	struct pl_host_facts h = host();
	struct pl_interface_facts f = card();
	struct pl_findings all = {0};

	(void)state;
	pl_judge_host(&h, &all);
	pl_judge_interface(&f, &all);
	well_formed(&all);
	for (size_t i = 0; i < all.n; i++)
		if (all.list[i].severity != OK && strcmp(all.list[i].topic, "receive-stamps"))
			fail_msg("%s: %s", all.list[i].topic, all.list[i].what);
	free(all.list);
}

static void kernel_and_rights(void **state)
{
	struct pl_host_facts f = host();

	(void)state;
	snprintf(f.kernel, sizeof f.kernel, "5.15.0"), f.major = 5, f.minor = 15;
	expect_host(&f, "kernel", WARNING, "5.15.0", "6.1", "");
	f.major = 7, f.minor = 0, f.kernel[0] = '7';
	expect_host(&f, "kernel", OK, "7.12.95", "", "");
	f.rights &= ~(uint32_t)PL_RIGHT_BPF;
	expect_host(&f, "rights", PROBLEM, "lacks CAP_BPF.", "root", "");
	f.rights = 0;
	expect_host(&f, "rights", PROBLEM, "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON.", "root", "");
}

static void hooks(void **state)
{
	struct pl_host_facts f = host();

	(void)state;
	f.tcx = PL_NO;
	expect_host(&f, "hooks", OK, "hooks=clsact", "", "");
	f.tcx = PL_NOT_TOLD;
	expect_host(&f, "hooks", NOTE, "does not say", "CAP_NET_ADMIN", "");
	f.programs = PTPLENS_E_PERMISSION, f.rights = 0, snprintf(f.programs_failure, sizeof f.programs_failure, "the kernel refused");
	expect_host(&f, "hooks", PROBLEM, "Refused: the kernel refused.", "rights first", "rights tx-stamps");
	f.programs = PTPLENS_E_UNSUPPORTED, f.has_btf = 0, snprintf(f.programs_failure, sizeof f.programs_failure, "it cannot");
	expect_host(&f, "hooks", PROBLEM, "it cannot", "BTF", "tx-stamps");
	f.programs = PTPLENS_E_UNSUPPORTED, snprintf(f.programs_failure, sizeof f.programs_failure, "it cannot");
	snprintf(f.lockdown, sizeof f.lockdown, "confidentiality");
	expect_host(&f, "hooks", PROBLEM, "it cannot", "lockdown", "tx-stamps");
	f.programs = PTPLENS_E_PERMISSION, snprintf(f.programs_failure, sizeof f.programs_failure, "refused, with all rights");
	expect_host(&f, "hooks", PROBLEM, "refused", "container", "tx-stamps");
	f.stamp_hooks = PTPLENS_HOOK_KPROBE;
	expect_host(&f, "tx-stamps", OK, "stamps=kprobe", "", "");
	f.stamp_hooks = PTPLENS_HOOK_ERROR_QUEUE;
	expect_host(&f, "tx-stamps", NOTE, "stamps=error-queue", "fentry", "");
	f.stamp_hooks = 0;
	expect_host(&f, "tx-stamps", WARNING, "stamps=none", "BPF tracing", "");
	f.stamp_hooks = 0, snprintf(f.lockdown, sizeof f.lockdown, "confidentiality");
	expect_host(&f, "tx-stamps", WARNING, "stamps=none", "lockdown", "");
	f.stamp_hooks = 0, f.has_btf = 0;
	expect_host(&f, "tx-stamps", WARNING, "stamps=none", "BTF", "");
}

static void host_clocks(void **state)
{
	struct pl_host_facts f = host();

	(void)state;
	snprintf(f.clocksource, sizeof f.clocksource, "hpet");
	expect_host(&f, "receive-stamps", WARNING, "hpet", "tsc", "");
	snprintf(f.clocksource, sizeof f.clocksource, "arch_sys_counter");
	expect_host(&f, "receive-stamps", NOTE, "arch_sys_counter", "", "");
	f.tai_utc_s = 0;
	expect_host(&f, "time-scale", NOTE, "Nobody told", "phc2sys", "");
}

static void kind(struct pl_interface_facts *f, const char *word)
{
	snprintf(f->kind, sizeof f->kind, "%s", word);
}

static void device_and_link(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.ethernet = 0;
	expect_also(&f, "device", PROBLEM, "no Ethernet", "Ethernet interface",
	            "link driver stamping settings provider clock clock-users counters xdp tc-programs offloads");
	kind(&f, "vlan"), f.stacked = 1, snprintf(f.lower, sizeof f.lower, "eth0");
	expect(&f, "device", WARNING, "eth7 (vlan) lies on eth0.", "Tap eth0 instead");
	kind(&f, "macvlan"), f.stacked = 1;
	expect(&f, "device", WARNING, "another network namespace", "in its namespace");
	kind(&f, "bond"), pl_names_add(&f.ports, "eth1"), pl_names_add(&f.ports, "eth2");
	expect(&f, "device", WARNING, "ports eth1, eth2", "Tap its ports");
	for (int i = 0; i < 4; i++) {
		kind(&f, (const char *const[]){"bond", "team", "bridge", "hsr"}[i]);
		expect(&f, "device", WARNING, "has no ports.", "Give it ports");
	}
	for (int i = 0; i < 11; i++)
		pl_names_add(&f.ports, "p");
	expect(&f, "device", WARNING, "p and 3 more", "Tap its ports");
	snprintf(f.master, sizeof f.master, "bond0"), snprintf(f.master_kind, sizeof f.master_kind, "bond");
	expect(&f, "device", OK, "port of bond0 (bond)", "");
	pl_names_add(&f.uppers, "eth7.5");
	expect(&f, "device", OK, "Ethernet", "");
	f.up = f.carrier = 0;
	expect(&f, "link", WARNING, "down", "ip link set eth7 up");
	f.carrier = 0;
	expect(&f, "link", WARNING, "carrier", "cable");
}

static void drivers(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	for (size_t i = 0; i < pl_drivers_count; i++) {
		snprintf(f.driver, sizeof f.driver, "%s", pl_drivers[i].name);
		expect(&f, "driver", NOTE, pl_drivers[i].name, "");
		assert_true(strlen(pl_drivers[i].source) > 10);
		assert_ptr_equal(pl_driver_find(pl_drivers[i].name), &pl_drivers[i]); /* no driver twice */
		assert_true(i == 0 || strcmp(pl_drivers[i - 1].name, pl_drivers[i].name) < 0);
	}
	f.driver[0] = 0;
	expect(&f, "driver", OK, "not told", "");
}

#define OF_HARDWARE "settings provider clock clock-users "

static void stamping(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.abilities = PL_NOT_TOLD, f.stamping = 0;
	expect_also(&f, "stamping", WARNING, "does not tell", "ethtool -T", OF_HARDWARE);
	f.filters = PL_COVERS_ETHERNET | PL_COVERS_UDP;
	expect(&f, "stamping", OK, "event messages.", "");
	f.filters = PL_COVERS_ETHERNET;
	expect(&f, "stamping", NOTE, "Ethernet, not UDP", "transport");
	f.filters = PL_COVERS_UDP;
	expect(&f, "stamping", NOTE, "UDP, not Ethernet", "transport");
	f.filters = PL_COVERS_OTHER;
	expect(&f, "stamping", NOTE, "no PTPv2", "transport");
	f.stamping = PL_STAMPS_TX_HARDWARE;
	expect(&f, "stamping", WARNING, "sent messages alone", "both directions");
	f.stamping = PL_STAMPS_RX_HARDWARE;
	expect(&f, "stamping", WARNING, "received messages alone", "both directions");
	f.stamping = PL_STAMPS_TX_SOFTWARE;
	expect_also(&f, "stamping", WARNING, "No hardware stamps", "hardware timestamping", OF_HARDWARE);
	f.stamping = PL_STAMPS_TX_SOFTWARE, kind(&f, "veth");
	expect_also(&f, "stamping", NOTE, "No hardware stamps", "hardware timestamping", OF_HARDWARE "device");
	f.stamping = PL_STAMPS_RX_SOFTWARE;
	expect_also(&f, "stamping", WARNING, "Neither", "another interface", OF_HARDWARE);
}

static void settings(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.settings = PL_NOT_TOLD;
	expect(&f, "settings", NOTE, "does not tell", "");
	f.transmit = PL_TRANSMIT_OFF, f.receive = 0;
	expect(&f, "settings", WARNING, "messages off, received ones nothing", "hwstamp_ctl -i eth7");
	f.transmit = PL_TRANSMIT_OFF, f.receive = 0;
	expect(&f, "settings", WARNING, "not told to", "hwstamp_ctl");
	f.transmit = PL_TRANSMIT_OFF;
	expect(&f, "settings", WARNING, "One direction", "hwstamp_ctl");
	f.receive = 0;
	expect(&f, "settings", WARNING, "One direction", "hwstamp_ctl");
	f.transmit = PL_TRANSMIT_OFF;
	expect(&f, "settings", WARNING, "messages off, received ones every frame", "hwstamp_ctl");
	f.receive = 0;
	expect(&f, "settings", WARNING, "messages on, received ones nothing", "hwstamp_ctl");
	f.receive = PL_COVERS_ONE_TYPE;
	expect(&f, "settings", WARNING, "Sync alone", "hwstamp_ctl");
	f.receive = PL_COVERS_OTHER;
	expect(&f, "settings", WARNING, "no PTPv2", "hwstamp_ctl");
	f.receive = PL_COVERS_UDP;
	expect(&f, "settings", NOTE, "not Ethernet", "transport");
	f.receive = PL_COVERS_ETHERNET;
	expect(&f, "settings", NOTE, "not UDP", "transport");
	f.receive = PL_COVERS_ETHERNET | PL_COVERS_UDP;
	expect(&f, "settings", OK, "event messages.", "");
	f.transmit = PL_TRANSMIT_ONE_STEP;
	expect(&f, "settings", NOTE, "one-step", "two-step");
	f.provider = PL_PROVIDER_PHY;
	expect(&f, "provider", NOTE, "PHY", "rarely");
	f.provider = PL_PROVIDER_UNKNOWN;
	expect(&f, "provider", OK, "does not tell", "");
}

static void clock_and_users(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.clock = -1;
	expect_also(&f, "clock", WARNING, "names no clock", "ethtool -T", "clock-users");
	f.clock_error = PTPLENS_E_NOT_FOUND;
	expect(&f, "clock", WARNING, "/dev/ptp3", "container");
	f.clock_error = PTPLENS_E_PERMISSION;
	expect(&f, "clock", WARNING, "not permitted", "root");
	f.clock_offset_ns = -250;
	expect(&f, "clock", OK, "is -0.000000250 s", "");
	f.clock_offset_ns = 36400000000;
	expect(&f, "clock", NOTE, "is 36.400000000 s", "phc_ctl");
	f.clock_offset_ns = -37000000000;
	expect(&f, "clock", NOTE, "is -37.000000000 s", "phc_ctl");
	pl_names_add(&f.clock_users, "phc2sys (43)");
	expect(&f, "clock-users", NOTE, "ptp4l (42), phc2sys (43)", "one program alone");
	f.clock_users.count = 0, f.clock_unseen = 12;
	expect(&f, "clock-users", NOTE, "12 processes", "root");
	f.clock_users.count = 0;
	expect(&f, "clock-users", NOTE, "though stamping is on", "");
	f.clock_users.count = 0, f.transmit = PL_TRANSMIT_OFF;
	expect_also(&f, "clock-users", NOTE, "though stamping is on", "", "settings");
	f.clock_users.count = 0, f.receive = 0;
	expect_also(&f, "clock-users", NOTE, "though stamping is on", "", "settings");
	f.clock_users.count = 0, f.settings = PL_NOT_TOLD;
	expect_also(&f, "clock-users", OK, "No other program has /dev/ptp3 open.", "", "settings");
}

static void counters(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.lost[1].value = 18446744073709551615u;
	expect(&f, "counters", WARNING, "tx_hwtstamp_skipped 18446744073709551615.", "one program alone");
	f.lost[0].value = 3, f.lost[1].value = 4;
	expect(&f, "counters", WARNING, "tx_hwtstamp_timeouts 3, tx_hwtstamp_skipped 4.", "grow");
	f.n_lost = 0;
	expect(&f, "counters", OK, "no counter", "");
}

static void programs_and_offloads(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	f.xdp = PL_XDP_GENERIC, snprintf(f.xdp_program, sizeof f.xdp_program, "firewall");
	expect(&f, "xdp", WARNING, "firewall (generic mode)", "record");
	f.xdp = 99, snprintf(f.xdp_program, sizeof f.xdp_program, "firewall");
	expect(&f, "xdp", WARNING, "firewall (several mode)", "record");
	pl_names_add(&f.ahead, "shaper");
	expect(&f, "tc-programs", NOTE, "Programs at tcx: shaper.", "");
	pl_names_add(&f.filters_at_tc, "flower");
	expect(&f, "tc-programs", NOTE, "Filters at tc: flower.", "");
	pl_names_add(&f.filters_at_tc, "flower"), f.chain = PL_NO;
	expect(&f, "tc-programs", WARNING, "Filters at tc: flower.", "6.6");
	f.chain = PL_NOT_TOLD;
	expect(&f, "tc-programs", NOTE, "could not be looked at", "CAP_NET_ADMIN");
	f.taps = 2;
	expect(&f, "tc-programs", OK, "ptplens taps it already", "");
	pl_names_add(&f.offloads, "hw-tc-offload");
	expect(&f, "offloads", NOTE, "hw-tc-offload", "ethtool -K");
}

static void overview(struct pl_interface_facts *f, size_t n, int severity, const char *what, const char *meaning)
{
	struct pl_findings all = {0};

	pl_judge_overview(f, &all);
	assert_int_equal(all.n, n);
	if (n) {
		well_formed(&all);
		assert_string_equal(all.list[0].topic, "interface");
		assert_int_equal(all.list[0].severity, severity);
		assert_non_null(strstr(all.list[0].what, what));
		assert_non_null(strstr(all.list[0].meaning, meaning));
	}
	free(all.list);
	*f = card();
}

static void one_line_an_interface(void **state)
{
	struct pl_interface_facts f = card();

	(void)state;
	overview(&f, 1, OK, "eth7: driver perfect, up, hardware stamps.", "Nothing stands");
	f.xdp = PL_XDP_DRIVER, f.provider = PL_PROVIDER_PHY;
	overview(&f, 1, WARNING, "eth7", "XDP");
	f.provider = PL_PROVIDER_PHY, f.settings = PL_NOT_TOLD;
	overview(&f, 1, NOTE, "eth7", "Notes on settings, provider.");
	f.carrier = 0;
	overview(&f, 1, WARNING, "no carrier", "carrier");
	f.up = 0;
	overview(&f, 1, NOTE, "down", "down");
	kind(&f, "vlan"), f.stacked = 1;
	overview(&f, 1, NOTE, "eth7", "lies on");
	f.ethernet = 0;
	overview(&f, 0, OK, "", "");
}

/* Runs last: by now every topic was seen. */
static void the_doc_has_every_topic_and_no_other(void **state)
{
	FILE *doc = fopen(doc_path, "r");
	char line[512], heading[64];
	size_t headings = 0;

	(void)state;
	assert_non_null(doc);
	while (fgets(line, sizeof line, doc)) {
		if (sscanf(line, "### `%63[a-z-]`", heading) != 1)
			continue;
		headings++;
		size_t k = 0;
		while (k < n_seen && strcmp(seen_topics[k], heading))
			k++;
		if (k == n_seen)
			fail_msg("%s describes %s, which no rule gives", doc_path, heading);
	}
	fclose(doc);
	assert_int_equal(headings, n_seen);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(perfect_facts_give_no_note),
	    cmocka_unit_test(kernel_and_rights),
	    cmocka_unit_test(hooks),
	    cmocka_unit_test(host_clocks),
	    cmocka_unit_test(device_and_link),
	    cmocka_unit_test(drivers),
	    cmocka_unit_test(stamping),
	    cmocka_unit_test(settings),
	    cmocka_unit_test(clock_and_users),
	    cmocka_unit_test(counters),
	    cmocka_unit_test(programs_and_offloads),
	    cmocka_unit_test(one_line_an_interface),
	    cmocka_unit_test(the_doc_has_every_topic_and_no_other),
	};

	if (argc != 2)
		return 2;
	doc_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The BPF programs against the same parser in C: for each frame the same 64 bytes or the same rejection. Frames are real captures,
 * generated stacks of headers, and mutations of both. */
#include "network.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#define PCAP_DONT_INCLUDE_PCAP_BPF_H /* clashes with the kernel's */
#include <pcap/pcap.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "frame.h"
#include "linux/programs.h"

#define FRAME_MAX 1500u
#define SEEDS_MAX 4096

static struct {
	uint32_t length;
	uint8_t bytes[FRAME_MAX];
} seeds[SEEDS_MAX];
static size_t seed_count;
static struct pl_programs programs;
static struct pl_ring_reader reader;
static unsigned mutations;
static const char *captures;
static uint64_t outcomes[PL_FRAME_RESULTS];

static uint64_t random_state = 88172645463325252ull;
static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static void add_seed(const uint8_t *bytes, uint32_t length)
{
	if (seed_count == SEEDS_MAX || length < 14)
		return;
	seeds[seed_count].length = length < FRAME_MAX ? length : FRAME_MAX;
	memcpy(seeds[seed_count++].bytes, bytes, length < FRAME_MAX ? length : FRAME_MAX);
}

static int run(int direction, const uint8_t *frame, uint32_t length, uint64_t hardware, uint64_t kernel, struct ptplens_event *got)
{
	struct __sk_buff context = {.hwtstamp = hardware, .tstamp = kernel};
	struct pl_ring_slot slot;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length, .ctx_in = &context,
	            .ctx_size_in = sizeof context);

	assert_int_equal(bpf_prog_test_run_opts(programs.tc[direction], &options), 0);
	assert_int_equal((int)options.retval, -1);
	if (pl_ring_next(&reader, &slot) != PL_RING_EVENT)
		return 0;
	memcpy(got, &slot, sizeof *got);
	return 1;
}

/* The kernel's test run takes no frame that ends inside its IP header. */
static int runs(const uint8_t *frame, uint32_t length)
{
	uint32_t type = pl_be16(frame + 12);

	return !(type == PL_ETHERTYPE_IPV4 && length < 14 + 20) && !(type == PL_ETHERTYPE_IPV6 && length < 14 + 40);
}

static void compare(int direction, const uint8_t *frame, uint32_t length)
{
	struct ptplens_event expected = {0}, got = {0};
	uint64_t before[PTPLENS_REJECTS];
	uint32_t offset = 0, have = length < PL_FRAME_MAX ? length : PL_FRAME_MAX;

	if (!runs(frame, length))
		return;
	memcpy(before, programs.counters->rejected_by, sizeof before);
	int event = run(direction, frame, length, 0, 77, &got);
	enum pl_frame_result result = pl_frame_parse(frame, have, length, -1, &expected, &offset);
	outcomes[result]++;
	int agree = event == (result == PL_FRAME_PTP);
	for (int i = 0; i < PTPLENS_REJECTS; i++)
		agree &= programs.counters->rejected_by[i] - before[i] == ((int)result - PL_FRAME_REJECT == i);
	if (!agree) {
		for (uint32_t i = 0; i < have; i++)
			printf("%02x", frame[i]);
		fail_msg("direction %d, %u bytes: BPF %s, C says %d", direction, length, event ? "published" : "did not publish", result);
	}
	if (!event)
		return;
	expected.direction = (uint8_t)direction;
	expected.queue_id = PTPLENS_QUEUE_UNKNOWN;
	expected.frame_stamp = direction == PTPLENS_RECEIVE ? 77 : 0;
	expected.system_timestamp = got.system_timestamp;
	expected.sequence = reader.position;
	assert_memory_equal(&got, &expected, sizeof got);
}

static void on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	(void)user;
	add_seed(bytes, h->caplen);
}

static void read_captures(void)
{
	char path[512], error[PCAP_ERRBUF_SIZE];
	DIR *d = opendir(captures);

	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof path, "%s/%s", captures, e->d_name);
		pcap_t *p = strstr(e->d_name, ".pcap") ? pcap_open_offline(path, error) : NULL;
		if (!p)
			continue;
		if (pcap_datalink(p) == DLT_EN10MB)
			pcap_loop(p, 0, on_packet, NULL);
		pcap_close(p);
	}
	if (d)
		closedir(d);
}

static uint32_t add(uint8_t *frame, uint32_t at, const char *hex)
{
	for (unsigned octet; sscanf(hex, "%2x", &octet) == 1; hex += 2)
		frame[at++] = (uint8_t)octet;
	return at;
}

/* Every tag stack with every network header and every message type, whole and cut short. */
static void generate(void)
{
	static const char *const tags[] = {"", "81006064", "88a80005", "91000007", "892f00001234", "f1c100000001"};
	static const char *const networks[] = {
	    "88f7",
	    "0800450000480000000011ff0000c0a80101e0000181013f013f00340000",
	    "0800460000480000000011ff0000c0a80101e000018194040000013f014000340000",
	    "0800450000480000200011ff0000c0a80101e0000181013f013f00340000",
	    "08004500004800000000060f0000c0a80101e0000181013f013f00340000",
	    "86dd6000000000341140fe80000000000000000000000000000"
	    "1ff0e0000000000000000000000000181013f013f00340000",
	    "86dd60000000003c0040fe80000000000000000000000000000"
	    "1ff0e00000000000000000000000001811100050200000000013f014000340000",
	    "86dd60000000003c2c40fe80000000000000000000000000000"
	    "1ff0e0000000000000000000000000181110000000000000000000140013f00340000",
	};

	for (size_t a = 0; a < 6; a++)
		for (size_t b = 0; b < 6; b++)
			for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
				uint8_t frame[256] = {0x01, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 9};
				uint32_t at = add(frame, 12, tags[a]);
				at = add(frame, at, tags[b]);
				at = add(frame, at, networks[n]);
				frame[at] = (uint8_t)(0x10 | random_below(16));
				frame[at + 1] = 0x12;
				frame[at + 3] = 54;
				for (unsigned i = 4; i < 54; i++)
					frame[at + i] = (uint8_t)random_below(256);
				add_seed(frame, at + 54);
				add_seed(frame, at + random_below(54));
			}
}

static uint32_t mutate(uint8_t *frame)
{
	size_t seed = random_below((uint32_t)seed_count);
	uint32_t length = seeds[seed].length, head = length < 120 ? length : 120;

	memcpy(frame, seeds[seed].bytes, length);
	for (uint32_t n = random_below(4); n > 0; n--) {
		uint8_t *octet = &frame[12 + random_below(head - 12)];
		*octet = random_below(2) ? (uint8_t)random_below(256) : *octet ^ (uint8_t)(1u << random_below(8));
	}
	return random_below(4) ? length : 14 + random_below(length - 13);
}

static int setup(void **state)
{
	struct pl_tap_config config = {.mask = 63};
	struct pl_error e = {0};

	(void)state;
	if (pl_programs_open(&programs, &config, "parity", &e))
		fail_msg("%s", e.text);
	pl_ring_open(&reader, programs.control, programs.slots, 0);
	read_captures();
	generate();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_programs_close(&programs);
	return 0;
}

static void seeds_as_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < seed_count; i++)
		for (int direction = 0; direction < 2; direction++)
			compare(direction, seeds[i].bytes, seeds[i].length);
	printf("%zu frames\n", seed_count);
	assert_true(outcomes[PL_FRAME_PTP] > 100);
}

static void mutated(void **state)
{
	uint8_t frame[FRAME_MAX];

	(void)state;
	memset(outcomes, 0, sizeof outcomes);
	for (unsigned i = 0; i < mutations; i++) {
		uint32_t length = mutate(frame);
		compare(i & 1, frame, length);
	}
	for (int i = 0; i < PL_FRAME_RESULTS; i++) {
		printf("outcome %d: %llu\n", i, (unsigned long long)outcomes[i]);
		assert_true(outcomes[i] > 0); /* a campaign that misses an outcome tells nothing of it */
	}
}

static void receive_stamps(void **state)
{
	struct timespec t;
	struct ptplens_event e;
	uint8_t frame[TEST_FRAME_BYTES];

	(void)state;
	test_frame(frame, 1);
	clock_gettime(CLOCK_TAI, &t);
	uint64_t now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec, hour = 3600000000000ull;
	const struct {
		uint64_t value;
		int stamp;
	} cases[] = {
	    {0, PTPLENS_STAMP_NONE},
	    {now, PTPLENS_STAMP_NIC},
	    {now - 23 * hour, PTPLENS_STAMP_NIC},
	    {now + 23 * hour, PTPLENS_STAMP_NIC},
	    {now - 25 * hour, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {now + 25 * hour, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {1, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {0x7fffffffffffffffull, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE},
	    {0x8000000000000000ull, PTPLENS_STAMP_REFUSED_FORM},
	    {0xffff888012345678ull, PTPLENS_STAMP_REFUSED_FORM},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(run(PTPLENS_RECEIVE, frame, sizeof frame, cases[i].value, 0x123456789abcull, &e));
		assert_int_equal(e.stamp, cases[i].stamp);
		assert_int_equal(e.hw_timestamp_ns, cases[i].stamp == PTPLENS_STAMP_NIC ? cases[i].value : 0);
		assert_int_equal(e.frame_stamp, 0x56789abc);
	}
	assert_true(run(PTPLENS_TRANSMIT, frame, sizeof frame, now, now, &e));
	assert_int_equal(e.stamp, PTPLENS_STAMP_NONE);
	assert_int_equal(e.hw_timestamp_ns, 0);
	assert_int_equal(e.frame_stamp, 0);
}

static void frozen(void **state)
{
	static const char *const names[] = {"pl_control", "pl_slots", "pl_counters"};
	uint8_t value[256] = {0};
	uint32_t zero = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int fd = bpf_object__find_map_fd_by_name(programs.object, names[i]);
		assert_true(fd >= 0);
		assert_int_equal(bpf_map_update_elem(fd, &zero, value, BPF_ANY), -EPERM);
		errno = 0;
		assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
		assert_int_equal(errno, EPERM);
	}
	assert_int_equal(mprotect((void *)programs.slots, 4096, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seeds_as_they_are),
	    cmocka_unit_test(mutated),
	    cmocka_unit_test(receive_stamps),
	    cmocka_unit_test(frozen),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s MUTATIONS CAPTURES\n", argv[0]);
		return 2;
	}
	mutations = (unsigned)strtoul(argv[1], NULL, 10);
	captures = argv[2];
	return cmocka_run_group_tests(tests, setup, teardown);
}

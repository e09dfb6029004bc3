/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads frames as lines of hex; answers "FILTER PARSER" for each: 1 if the capture's filter passes it, 1 if it parses as PTP. */
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "frame.h"
#include "pcap_filter.h"

int main(void)
{
	struct bpf_program filter;
	struct pl_error error;
	char line[8192];

	if (pl_capture_pcap_filter(&filter, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	while (fgets(line, sizeof line, stdin)) {
		uint8_t frame[4096];
		uint32_t length = 0, offset;
		while (sscanf(line + 2 * length, "%2hhx", &frame[length]) == 1)
			length++;
		struct pcap_pkthdr header = {.caplen = length, .len = length};
		struct ptplens_event event = {0};
		int passed = pcap_offline_filter(&filter, &header, frame) != 0;
		uint32_t have = length < PL_FRAME_MAX ? length : PL_FRAME_MAX;
		printf("%d %d\n", passed, pl_frame_parse(frame, have, length, -1, &event, &offset) == PL_FRAME_PTP);
	}
	pcap_freecode(&filter);
	return 0;
}

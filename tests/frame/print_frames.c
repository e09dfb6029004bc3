/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what the parser sees: a line for each line "outer_tag hex" of standard input. */
#include <inttypes.h>
#include <stdio.h>

#include "frame.h"
#include "message.h"

static uint32_t read_hex(const char *text, uint8_t *frame, uint32_t most)
{
	uint32_t n = 0;
	unsigned octet;
	while (n < most && sscanf(text + 2 * n, "%2x", &octet) == 1)
		frame[n++] = (uint8_t)octet;
	return n;
}

static void print(const uint8_t *frame, uint32_t n, int outer_tag)
{
	struct ptplens_event e = {.kind = PTPLENS_KIND_FRAME};
	struct ptplens_header h;
	uint32_t at = 0;
	enum pl_frame_result result = pl_frame_parse(frame, n < PL_FRAME_MAX ? n : PL_FRAME_MAX, n, outer_tag, &e, &at);

	if (result != PL_FRAME_PTP) {
		printf("%s\n", result == PL_FRAME_NOT_PTP ? "not-ptp" : ptplens_reject_word((int)result - PL_FRAME_REJECT));
		return;
	}
	pl_header_decode(frame + at, &h);
	printf("ptp %" PRIu32, at);
	printf(" %u %u %u %u %u %u", e.message_type, e.sequence_id, e.domain_number, e.port_number, e.sdo_id, e.version);
	printf(" %u %u %u %u ", e.vlan_id, e.pcp, e.flags, e.message_hash);
	for (int i = 0; i < 8; i++)
		printf("%02x", e.clock_identity[i]);
	printf(" %u %u %u %u %u %u", h.message_type, h.sequence_id, h.domain_number, h.port_number, h.sdo_id, h.version);
	printf(" %u %u %" PRId64 " %u %d %u\n", h.message_length, h.flag_field, h.correction_field, h.control_field, h.log_message_interval,
	       h.message_type_specific);
}

int main(void)
{
	static char line[1 << 16];
	static uint8_t frame[1 << 15];
	int outer_tag, start;

	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "%d %n", &outer_tag, &start) != 1)
			return 1;
		print(frame, read_hex(line + start, frame, sizeof frame), outer_tag);
	}
	return 0;
}

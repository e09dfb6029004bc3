/* SPDX-License-Identifier: BSD-3-Clause */
/* monitor PATH: what ptp4l's slave_event_monitor reports there, a line each:
 *   S sequenceId t1 t2   Sync: origin (with correction not added) and receive time
 *   D sequenceId t3 t4   Delay_Req: transmit time and the master's receive time */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANAGEMENT_HEADER = 44, PORT_IDENTITY = 10, SYNC_TIMING = 0x8004, SYNC_RECORD = 34, DELAY_TIMING = 0x7f00, DELAY_RECORD = 30 };

static uint64_t big_endian(const uint8_t *p, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

static unsigned long long timestamp(const uint8_t *p)
{
	return big_endian(p, 6) * 1000000000ull + big_endian(p + 6, 4);
}

static void print_records(const uint8_t *p, const uint8_t *end, char letter, int bytes, int second)
{
	for (p += PORT_IDENTITY; end - p >= bytes; p += bytes)
		printf("%c %u %llu %llu\n", letter, (unsigned)big_endian(p, 2), timestamp(p + 2), timestamp(p + second));
}

static void print_datagram(const uint8_t *p, const uint8_t *end)
{
	for (p += MANAGEMENT_HEADER; end - p >= 4;) {
		unsigned type = (unsigned)big_endian(p, 2), length = (unsigned)big_endian(p + 2, 2);
		p += 4;
		if (end - p < (long)length || length < PORT_IDENTITY)
			return;
		if (type == SYNC_TIMING)
			print_records(p, p + length, 'S', SYNC_RECORD, 24);
		else if (type == DELAY_TIMING)
			print_records(p, p + length, 'D', DELAY_RECORD, 20);
		p += length;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	uint8_t datagram[2048];
	ssize_t n;

	if (argc != 2 || strlen(argv[1]) >= sizeof at.sun_path)
		return 2;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	unlink(argv[1]);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at)) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((n = recv(fd, datagram, sizeof datagram, 0)) >= 0)
		if (n >= MANAGEMENT_HEADER)
			print_datagram(datagram, datagram + n);
	return 1;
}

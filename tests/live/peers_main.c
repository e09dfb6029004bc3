/* SPDX-License-Identifier: BSD-3-Clause */
/* peers_main PROFILE: runs the clocks of a profile until its standard input ends. Prints one line when they run: its own process id
 * (its network namespace is the slave's) and the master's; then what the slave prints. */
#include "peers.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Prints what is new since *at. */
static void print_log(int fd, off_t *at)
{
	char text[4096];
	ssize_t n;

	while ((n = pread(fd, text, sizeof(text), *at)) > 0) {
		fwrite(text, 1, (size_t)n, stdout);
		*at += n;
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct pl_peers *peers;
	char error[512];
	off_t at = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: peers_main PROFILE\n");
		return 2;
	}
	if (pl_peers_open(&peers, argv[1], error, sizeof(error))) {
		fprintf(stderr, "peers_main: %s\n", error);
		return 3;
	}
	printf("%d %d\n", (int)getpid(), (int)pl_peers_pid(peers, PL_PEERS_MASTER));
	fflush(stdout);
	/* nothing is ever written to the input: it becomes readable when it ends */
	while (poll(&input, 1, 50) == 0)
		print_log(pl_peers_log(peers, PL_PEERS_SLAVE), &at);
	print_log(pl_peers_log(peers, PL_PEERS_SLAVE), &at);
	pl_peers_close(peers);
	return 0;
}

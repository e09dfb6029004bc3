/* SPDX-License-Identifier: BSD-3-Clause */
/* without_netlink PROTOCOL COMMAND...: runs a command on a kernel that knows no netlink protocol of this number. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3 || !filter) {
		fprintf(stderr, "usage: without_netlink PROTOCOL COMMAND...\n");
		return 126;
	}
	const struct scmp_arg_cmp refused[] = {{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_NETLINK},
	                                       {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)atoi(argv[1])}};
	if (seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2, refused) || seccomp_load(filter)) {
		fprintf(stderr, "without_netlink: the kernel takes no filter\n");
		return 126;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 126;
}

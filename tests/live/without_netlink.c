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

	if (argc < 3 || !filter ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
	                     SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)atoi(argv[1]))) ||
	    seccomp_load(filter)) {
		fprintf(stderr, "usage: without_netlink PROTOCOL COMMAND...\n");
		return 126;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 126;
}

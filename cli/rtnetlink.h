/* SPDX-License-Identifier: BSD-3-Clause */
/* The rtnetlink requests that a test network needs. They act in the caller's network namespace; 0 or a negative errno. */
#ifndef PL_RTNETLINK_H
#define PL_RTNETLINK_H

#include <sys/types.h>

/* A veth pair: one end here, the other in the network namespace of a process. Both are down. */
int pl_rtnl_veth(const char *name, const char *other_name, pid_t other_pid);

int pl_rtnl_up(const char *name);

/* family: AF_INET or AF_INET6, which is usable at once (no duplicate address detection). */
int pl_rtnl_address(const char *name, int family, const char *address, unsigned prefix_length);

#endif

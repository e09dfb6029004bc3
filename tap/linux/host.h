/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about an interface and its machine. All of them are read, none is changed. */
#ifndef PL_TAP_HOST_H
#define PL_TAP_HOST_H

#include "error.h"
#include "linux/layout.h"

/* Who and where: ifindex, MAC, boot id, network namespace. */
int pl_host_identify(const char *interface, struct ptplens_stream_header *, struct pl_error *);

/* The members of the configuration that the interface's settings and the kernel decide: covered messages, the pointer flag. */
void pl_host_configure(const char *interface, struct pl_tap_config *);

/* An ioctl on an interface. 0 or a negative errno. */
int pl_host_request(const char *interface, unsigned long command, void *data);

int64_t pl_host_now(int clock);

#endif

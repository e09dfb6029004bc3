/* SPDX-License-Identifier: BSD-3-Clause */
/* A session that serves the interfaces and certificates it is given: the part of the API that a recording calls. */
#ifndef GIVEN_SESSION_H
#define GIVEN_SESSION_H

#include <ptplens/ptplens.h>

#define GIVEN_INTERFACES 4

struct ptplens_session {
	size_t n;
	struct ptplens_interface interface[GIVEN_INTERFACES];
	struct ptplens_certificate certificate[GIVEN_INTERFACES];
};

/* n interfaces veth0, veth1, ... with a NIC clock that runs on TAI. */
void given_session(struct ptplens_session *, size_t n);

#endif

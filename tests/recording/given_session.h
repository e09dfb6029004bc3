/* SPDX-License-Identifier: BSD-3-Clause */
/* A session that serves the interfaces, certificates and clock samples it is given: the part of the API that a recording calls. */
#ifndef GIVEN_SESSION_H
#define GIVEN_SESSION_H

#include <ptplens/ptplens.h>

#define GIVEN_INTERFACES 4
#define GIVEN_SAMPLES 4096

struct ptplens_session {
	size_t n;
	struct ptplens_interface interface[GIVEN_INTERFACES];
	struct ptplens_certificate certificate[GIVEN_INTERFACES];
	struct ptplens_clock_sample sample[GIVEN_INTERFACES][GIVEN_SAMPLES];
	size_t samples[GIVEN_INTERFACES]; /* how many there are */
};

/* n interfaces veth0, veth1, ... with a NIC clock that runs on TAI. */
void given_session(struct ptplens_session *, size_t n);

/* One more sample of a TAI clock, with a different content each time. */
void given_sample(struct ptplens_session *, size_t interface);

#endif

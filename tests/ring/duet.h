/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* Between the duet's BPF program and its user. */
#ifndef DUET_H
#define DUET_H

#define DUET_SLOTS 8

struct duet_books {
	uint64_t committed;
	uint64_t events[256]; /* attempted, of each CPU */
};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* A network namespace of the test's own with a veth pair "va" - "vb", frames to send over it, and what a tap saw of them. */
#ifndef PL_TEST_NETWORK_H
#define PL_TEST_NETWORK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tap.h"

#define TEST_FRAME_BYTES 58
#define TEST_DEADLINE_NS 5000000000ll

int64_t test_now(void);

/* A new namespace; ends the program with 77 and the reason when it may not make one. */
void test_network(void);
void test_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lines of a command's output that hold `text`. */
int test_lines(const char *command, const char *text);

/* A Sync over Ethernet. */
void test_frame(uint8_t *frame, uint16_t sequence_id);
int test_packet_socket(const char *interface);
void test_send(int fd, uint16_t first, unsigned n);

struct pl_tap *test_open(const char *interface, enum pl_tap_attach attach);
/* Reads until there are n events or time is over. */
size_t test_read(struct pl_tap *, struct ptplens_event *out, size_t n);
void test_stats(struct pl_tap *, struct pl_tap_stats *);

#endif

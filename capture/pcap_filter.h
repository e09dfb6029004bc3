/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel filter of the libpcap capture, for its test. */
#ifndef PL_CAPTURE_PCAP_FILTER_H
#define PL_CAPTURE_PCAP_FILTER_H

#include <pcap/pcap.h>

#include "error.h"

/* Compiles the over-capturing filter for Ethernet: every frame that pl_frame_parse could take passes. To be freed by pcap_freecode.
 * Returns 0, or -1 with *error set. */
int pl_capture_pcap_filter(struct bpf_program *out, struct pl_error *error);

#endif

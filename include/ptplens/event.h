/* SPDX-License-Identifier: BSD-3-Clause */
/* The 64-byte records that taps emit. This is an ABI: every compiler is held to the tables of doc/event-abi.md.
 *
 * Integers are in host order in memory and little endian in files; clock_identity and source_mac are as on the wire.
 * Unused fields are 0; readers ignore reserved bits. A record says what it is in byte 27 (kind). */
#ifndef PTPLENS_EVENT_H
#define PTPLENS_EVENT_H

#if defined(__bpf__)
/* The BPF target finds no libc; the same typedefs as vmlinux.h, which may be included as well. */
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef signed char int8_t;
typedef int int32_t;
typedef long long int64_t;
#else
#include <stdint.h>
#endif

#define PTPLENS_ABI_VERSION 1
#define PTPLENS_EVENT_BYTES 64

enum ptplens_direction { PTPLENS_RECEIVE = 0, PTPLENS_TRANSMIT = 1 };

enum ptplens_kind {
	PTPLENS_KIND_FRAME = 0,  /* a frame was seen */
	PTPLENS_KIND_STAMP = 1,  /* the transmit stamp of a frame seen earlier */
	PTPLENS_KIND_CLOCK = 2,  /* struct ptplens_clock_sample */
	PTPLENS_KIND_STREAM = 3, /* struct ptplens_stream_header */
};

/* ptplens_event.flags */
#define PTPLENS_FLAG_VLAN 0x0001u
#define PTPLENS_FLAG_DEI 0x0002u
#define PTPLENS_FLAG_SECOND_TAG 0x0004u
#define PTPLENS_FLAG_REDUNDANCY_TAG 0x0008u /* HSR or 802.1CB */
#define PTPLENS_FLAG_TRANSPORT_SHIFT 4      /* two bits: enum ptplens_transport */
#define PTPLENS_FLAG_TRANSPORT_MASK 0x0030u
#define PTPLENS_FLAG_TWO_STEP 0x0040u
#define PTPLENS_FLAG_FRAGMENTED_BUFFER 0x0080u  /* the bytes parsed were not in one piece */
#define PTPLENS_FLAG_HARDWARE_REQUESTED 0x0100u /* TX: the sender asked for a stamp; RX: the filter read at start covers it */
#define PTPLENS_FLAG_SOFTWARE_REQUESTED 0x0200u
#define PTPLENS_FLAG_LOOPBACK 0x0400u /* loopback or duplicate indication: never joined */
#define PTPLENS_FLAG_SHORT 0x0800u    /* the frame ends before messageLength or before a hashed byte */
#define PTPLENS_FLAG_SIMULATED 0x1000u
#define PTPLENS_FLAG_REQUEST_UNKNOWN 0x2000u /* whether a stamp was requested could not be read */

enum ptplens_transport {
	PTPLENS_TRANSPORT_ETHERNET = 0,
	PTPLENS_TRANSPORT_UDP_IPV4 = 1,
	PTPLENS_TRANSPORT_UDP_IPV6 = 2,
};

enum ptplens_stamp { /* ptplens_event.stamp: what hw_timestamp_ns is */
	             PTPLENS_STAMP_NONE = 0,
	             PTPLENS_STAMP_SOFTWARE = 1, /* the kernel's, CLOCK_REALTIME */
	             PTPLENS_STAMP_NIC = 2,
	             PTPLENS_STAMP_PHY = 3,          /* PHY or switch */
	             PTPLENS_STAMP_LATCH = 4,        /* NIC latch register: low confidence */
	             PTPLENS_STAMP_REFUSED_FORM = 8, /* the driver stored a pointer, not a time */
	             PTPLENS_STAMP_REFUSED_IMPLAUSIBLE = 9,
};

#define PTPLENS_QUEUE_UNKNOWN 255u

struct ptplens_event {
	uint64_t hw_timestamp_ns;  /* the stamp that `stamp` describes; 0: none, or not visible */
	uint64_t system_timestamp; /* host time at the tap, ns: Linux CLOCK_MONOTONIC, Windows performance counter */
	uint8_t direction;         /* enum ptplens_direction */
	uint8_t message_type;      /* PTP messageType, 0-15 */
	uint16_t sequence_id;
	uint8_t domain_number;
	uint8_t source_mac[6];
	uint8_t kind;     /* enum ptplens_kind */
	uint16_t vlan_id; /* outermost tag; 0 when untagged */
	uint8_t pcp;
	uint8_t queue_id;          /* receive queue; PTPLENS_QUEUE_UNKNOWN */
	uint8_t clock_identity[8]; /* sourcePortIdentity.clockIdentity */
	uint16_t port_number;      /* sourcePortIdentity.portNumber */
	uint16_t sdo_id;           /* 12 bits, majorSdoId in bits 8-11 */
	uint16_t flags;            /* PTPLENS_FLAG_* */
	uint8_t stamp;             /* enum ptplens_stamp */
	uint8_t version;           /* octet 1 of the message: minorVersionPTP << 4 | versionPTP */
	union {
		uint32_t frame_stamp;    /* kind 0, RX: low 32 bits of the kernel's CLOCK_REALTIME receive time, ns; 0 unknown */
		uint32_t frame_sequence; /* kind 1: low 32 bits of `sequence` of the TX event of this very frame; 0 unknown */
	};
	uint32_t message_hash; /* FNV-1a-32 of destination and recipients; doc/event-abi.md */
	uint64_t sequence;     /* position in the ring + 1; gaps are loss */
};

/* ptplens_clock_sample.flags */
#define PTPLENS_CLOCK_CROSS_TIMESTAMP 0x1u /* read by hardware in one go */
#define PTPLENS_CLOCK_STEPPED 0x2u         /* realtime stepped since the last sample */
#define PTPLENS_CLOCK_NIC_JUMPED 0x4u      /* the NIC's clock jumped since its last sample */

struct ptplens_clock_sample { /* kind 2 */
	uint64_t nic_ns;      /* 0: no NIC clock */
	uint64_t monotonic_ns;
	uint8_t reserved0[11];
	uint8_t kind;
	uint32_t reserved1;
	int64_t realtime_ns;
	uint32_t half_width_ns; /* the reading is within this much of the truth */
	uint32_t flags;         /* PTPLENS_CLOCK_* */
	int32_t tai_utc_s;      /* TAI - UTC; 0 unknown */
	uint8_t reserved2[12];
};

#define PTPLENS_STREAM_MAGIC "PTPLEVT1"

enum ptplens_system { PTPLENS_SYSTEM_LINUX = 1, PTPLENS_SYSTEM_WINDOWS = 2, PTPLENS_SYSTEM_SIMULATOR = 3 };

/* ptplens_stream_header.hooks */
#define PTPLENS_HOOK_TCX 0x01u
#define PTPLENS_HOOK_CLSACT 0x02u
#define PTPLENS_HOOK_NDIS 0x04u
#define PTPLENS_HOOK_FENTRY 0x08u
#define PTPLENS_HOOK_KPROBE 0x10u
#define PTPLENS_HOOK_ERROR_QUEUE 0x20u

enum ptplens_clock_scale { /* the NIC's clock */
	                   PTPLENS_SCALE_UNKNOWN = 0,
	                   PTPLENS_SCALE_ARBITRARY = 1,
	                   PTPLENS_SCALE_TAI = 2,
	                   PTPLENS_SCALE_UTC = 3,
};

struct ptplens_stream_header { /* kind 3: opens each stream and closes it, so that loss at both ends is exact */
	uint8_t magic[8];
	uint64_t monotonic_ns;
	uint32_t ifindex;
	uint8_t system; /* enum ptplens_system */
	uint8_t mac[6];
	uint8_t kind;
	uint16_t abi_version;
	uint8_t hooks;       /* PTPLENS_HOOK_* */
	uint8_t clock_scale; /* enum ptplens_clock_scale */
	uint8_t boot_id[16];
	uint64_t network;  /* network namespace cookie, or NetLuid */
	uint64_t sequence; /* position + 1 of the next event */
};

#endif

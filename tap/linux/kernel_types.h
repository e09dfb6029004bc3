/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The few members of kernel structs that the programs read. Their real places come from the running kernel's BTF at load (CO-RE), so
 * the build needs no kernel headers and no BTF. */
#ifndef PL_TAP_KERNEL_TYPES_H
#define PL_TAP_KERNEL_TYPES_H

#include <ptplens/event.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net {
	uint64_t net_cookie;
};

struct pl_net_pointer {
	struct net *net;
};

struct net_device {
	int ifindex;
	struct pl_net_pointer nd_net;
};

struct sock_common {
	uint16_t skc_family;
	struct pl_net_pointer skc_net;
};

struct sk_buff;

struct sk_buff_head {
	struct sk_buff *prev;
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_error_queue;
};

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	int64_t tstamp;
	char cb[48];
	uint32_t len;
	uint32_t data_len;
	uint16_t mac_header;
	uint32_t end;
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_hwtstamps {
	int64_t hwtstamp;
};

struct skb_shared_info {
	uint8_t tx_flags;
	struct skb_shared_hwtstamps hwtstamps;
};

struct sock_extended_err {
	uint32_t ee_errno;
	uint8_t ee_origin;
	uint32_t ee_info;
};

struct sock_exterr_skb {
	struct sock_extended_err ee;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	uint64_t di, si, dx, cx, r8;
};
#define PL_ARGUMENT_1(regs) ((regs)->di)
#define PL_ARGUMENT_2(regs) ((regs)->si)
#define PL_ARGUMENT_3(regs) ((regs)->dx)
#define PL_ARGUMENT_5(regs) ((regs)->r8)
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	uint64_t regs[31];
};
#define pt_regs user_pt_regs
#define PL_ARGUMENT_1(r) ((r)->regs[0])
#define PL_ARGUMENT_2(r) ((r)->regs[1])
#define PL_ARGUMENT_3(r) ((r)->regs[2])
#define PL_ARGUMENT_5(r) ((r)->regs[4])
#endif

#pragma clang attribute pop

/* skb_shared_info.tx_flags, the bits that never moved */
#define PL_SKBTX_HARDWARE 1u
#define PL_SKBTX_SOFTWARE 2u
#define PL_SKBTX_IN_PROGRESS 4u

#define PL_SCM_TSTAMP_SND 0u
#define PL_SO_EE_ORIGIN_TIMESTAMPING 4u
#define PL_ENOMSG 42u
#define PL_AF_INET 2u
#define PL_AF_INET6 10u
#define PL_AF_PACKET 17u
#define PL_NO_MAC_HEADER 0xffffu

#endif

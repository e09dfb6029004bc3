/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* What stands around the tap in the live tests. Kernels without the 802.1Q module still carry the tags that these push. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define VLAN 5
#define PRIORITY (6 << 13)
#define OUTER_VLAN 7
#define OUTER_PRIORITY (3 << 13)

SEC("tc/push")
int push(struct __sk_buff *skb)
{
	bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), VLAN | PRIORITY);
	return TC_ACT_UNSPEC;
}

SEC("tc/push2")
int push2(struct __sk_buff *skb)
{
	bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), VLAN | PRIORITY);
	bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), OUTER_VLAN | OUTER_PRIORITY);
	return TC_ACT_UNSPEC;
}

SEC("tc/pop")
int pop(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		bpf_skb_vlan_pop(skb);
	if (skb->vlan_present)
		bpf_skb_vlan_pop(skb);
	return TC_ACT_UNSPEC;
}

SEC("tc/drop")
int drop(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_SHOT;
}

SEC("xdp/pass")
int pass(struct xdp_md *context)
{
	(void)context;
	return XDP_PASS;
}

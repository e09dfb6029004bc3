/* SPDX-License-Identifier: BSD-3-Clause */
/* libpcap, one handle for each direction: libpcap does not tell the direction of an Ethernet frame, and two kernel filters also count drops
 * by direction. Always host stamps: libpcap's adapter modes change the card's stamp settings for everybody and never restore them. */
#include "capture.h"
#include "pcap_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <ptplens/event.h>

#define SNAPLEN 2048
#define BUFFER_BYTES (4u << 20)
#define NS_PER_S 1000000000ll

/* Untagged or hardware-untagged frames are decided exactly; behind in-band tags and IPv6 extension headers the filter takes what could be
 * PTP and leaves the decision to the parser. libpcap's own `vlan` keyword would hide all untagged frames. */
#define TAGS(at) "ether[" at ":2] = 0x8100 or ether[" at ":2] = 0x88a8 or ether[" at ":2] = 0x9100"
#define REDUNDANCY(at) "ether[" at ":2] = 0x892f or ether[" at ":2] = 0xf1c1"
#define PORTS "(dst port 319 or dst port 320)"
static const char filter_text[] = "ether proto 0x88f7"
				  " or (ip proto 17 and " PORTS ")"
				  " or (ip6 proto 17 and " PORTS ")"
				  " or (ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60))"
				  " or ((" TAGS("12") ") and (ether[16:2] = 0x88f7"
						      " or (ether[16:2] = 0x0800 and ether[27] = 17)"
						      " or (ether[16:2] = 0x86dd and ether[24] != 6 and ether[24] != 58)"
						      " or " TAGS("16") " or " REDUNDANCY("16") "))"
												" or " REDUNDANCY("12");

struct handle {
	pcap_t *pcap;
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int ready; /* header and bytes hold a frame not given out yet */
};

struct pcap_capture {
	struct pl_capture base;
	struct handle handle[2]; /* by enum ptplens_direction */
	int given;               /* the handle whose frame the caller has, or -1 */
};

int pl_capture_pcap_filter(struct bpf_program *out, struct pl_error *error)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (!dead)
		return pl_fail(error, PTPLENS_E_MEMORY, "no memory for the capture filter");
	int failed = pcap_compile(dead, out, filter_text, 1, PCAP_NETMASK_UNKNOWN);
	if (failed)
		pl_fail(error, PTPLENS_E_SYSTEM, "the capture filter does not compile: %s", pcap_geterr(dead));
	pcap_close(dead);
	return failed ? -1 : 0;
}

static int attach(pcap_t *pcap, struct sock_filter *code, size_t n, struct pl_error *error)
{
	struct sock_fprog filter = {.len = (unsigned short)n, .filter = code};

	if (setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter))
		return pl_fail(error, PTPLENS_E_SYSTEM, "cannot attach the capture filter: %s", strerror(errno));
	return 0;
}

/* libpcap would run a filter set by pcap_setfilter on the first frames itself, and cannot: the direction is known to the kernel only. So
 * the socket gets the filter; what came before it is read and thrown away behind one that lets nothing in. */
static int attach_filter(pcap_t *pcap, int direction, struct pl_error *error)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	struct bpf_program program;

	if (attach(pcap, &nothing, 1, error))
		return -1;
	while (pcap_next_ex(pcap, &header, &bytes) > 0)
		;
	if (pl_capture_pcap_filter(&program, error))
		return -1;

	size_t n = program.bf_len + 3;
	struct sock_filter *code = calloc(n, sizeof *code);
	if (!code) {
		pcap_freecode(&program);
		return pl_fail(error, PTPLENS_E_MEMORY, "no memory for the capture filter");
	}
	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	if (direction == PTPLENS_TRANSMIT)
		code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0);
	else
		code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1);
	code[2] = nothing;
	for (u_int i = 0; i < program.bf_len; i++) {
		const struct bpf_insn *in = &program.bf_insns[i];
		code[3 + i] = (struct sock_filter){in->code, in->jt, in->jf, in->k};
	}
	pcap_freecode(&program);
	int failed = attach(pcap, code, n, error);
	free(code);
	return failed;
}

static int activate_failed(pcap_t *pcap, const char *interface, int status, struct pl_error *error)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return pl_fail(error, PTPLENS_E_NOT_FOUND, "%s: no such interface", interface);
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return pl_fail(error, PTPLENS_E_PERMISSION, "%s: capturing needs root or CAP_NET_RAW", interface);
	case PCAP_ERROR_IFACE_NOT_UP:
		return pl_fail(error, PTPLENS_E_STATE, "%s: the interface is down", interface);
	default:
		return pl_fail(error, PTPLENS_E_SYSTEM, "%s: %s", interface,
		               *pcap_geterr(pcap) ? pcap_geterr(pcap) : pcap_statustostr(status));
	}
}

static int open_handle(struct handle *h, const char *interface, int direction, const struct pl_capture_options *options,
                       struct pl_error *error)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = h->pcap = pcap_create(interface, text);
	if (!p)
		return pl_fail(error, PTPLENS_E_SYSTEM, "%s: %s", interface, text);
	pcap_set_snaplen(p, SNAPLEN);
	pcap_set_promisc(p, options->promiscuous);
	pcap_set_immediate_mode(p, 1);
	pcap_set_buffer_size(p, (int)(options->buffer_bytes ? options->buffer_bytes : BUFFER_BYTES));
	pcap_set_tstamp_type(p, PCAP_TSTAMP_HOST);
	if (pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO))
		return pl_fail(error, PTPLENS_E_UNSUPPORTED, "%s: the capture has no nanosecond times", interface);
	int status = pcap_activate(p);
	if (status < 0)
		return activate_failed(p, interface, status, error);
	if (pcap_datalink(p) != DLT_EN10MB)
		return pl_fail(error, PTPLENS_E_UNSUPPORTED, "%s: not an Ethernet interface (link type %s)", interface,
		               pcap_datalink_val_to_name(pcap_datalink(p)));
	if (pcap_setnonblock(p, 1, text))
		return pl_fail(error, PTPLENS_E_SYSTEM, "%s: %s", interface, text);
	return attach_filter(p, direction, error);
}

static int64_t frame_time(const struct handle *h)
{
	return h->header->ts.tv_sec * NS_PER_S + h->header->ts.tv_usec; /* ns precision: tv_usec holds ns */
}

/* 1: the handle holds a frame; 0: it has none now; negative: it failed. */
static int fill(struct handle *h, struct pl_error *error)
{
	if (!h->ready) {
		int got = pcap_next_ex(h->pcap, &h->header, &h->bytes);
		if (got == 0)
			return 0;
		if (got < 0)
			return pl_fail(error, PTPLENS_E_SYSTEM, "the capture failed: %s", pcap_geterr(h->pcap));
		h->ready = 1;
	}
	return 1;
}

static int capture_read(struct pl_capture *base, int64_t until_ns, struct pl_captured *out, struct pl_error *error)
{
	struct pcap_capture *c = (struct pcap_capture *)base;
	int next = -1;

	if (c->given >= 0)
		c->handle[c->given].ready = 0;
	c->given = -1;
	for (int d = 0; d < 2; d++) {
		int got = fill(&c->handle[d], error);
		if (got < 0)
			return got;
		if (got && (next < 0 || frame_time(&c->handle[d]) < frame_time(&c->handle[next])))
			next = d;
	}
	if (next < 0 || frame_time(&c->handle[next]) > until_ns)
		return 0;
	const struct handle *h = &c->handle[next];
	*out = (struct pl_captured){
	    .frame = h->bytes,
	    .captured_length = h->header->caplen,
	    .wire_length = h->header->len,
	    .host_ns = frame_time(h),
	    .direction = (uint8_t)next,
	};
	c->given = next;
	return 1;
}

static void capture_stats(struct pl_capture *base, struct pl_capture_stats *out)
{
	struct pcap_capture *c = (struct pcap_capture *)base;
	for (int d = 0; d < 2; d++) {
		struct pcap_stat s;
		out->dropped[d] = pcap_stats(c->handle[d].pcap, &s) ? 0 : s.ps_drop;
	}
}

static void capture_close(struct pl_capture *base)
{
	struct pcap_capture *c = (struct pcap_capture *)base;
	for (int d = 0; d < 2; d++)
		if (c->handle[d].pcap)
			pcap_close(c->handle[d].pcap);
	free(c);
}

static const struct pl_capture_ops operations = {capture_read, capture_stats, capture_close};

int pl_capture_pcap_open(struct pl_capture **out, const char *interface, const struct pl_capture_options *options, struct pl_error *error)
{
	struct pcap_capture *c = calloc(1, sizeof *c);
	if (!c)
		return pl_fail(error, PTPLENS_E_MEMORY, "no memory for the capture");
	c->base.ops = &operations;
	c->given = -1;
	for (int d = 0; d < 2; d++) {
		if (open_handle(&c->handle[d], interface, d, options, error)) {
			capture_close(&c->base);
			return error->code;
		}
	}
	*out = &c->base;
	return 0;
}

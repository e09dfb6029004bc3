/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ll

int64_t pl_host_now(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

int pl_host_request(const char *interface, unsigned long command, void *data)
{
	struct ifreq r = {.ifr_data = data};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", interface);
	int result = ioctl(fd, command, &r) ? -errno : 0;
	close(fd);
	return result;
}

static void read_boot_id(uint8_t *id)
{
	char text[64] = "";
	int n = 0, fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	ssize_t bytes = read(fd, text, sizeof text - 1);
	close(fd);
	for (const char *p = text; bytes > 0 && *p && n < 16; p++) {
		unsigned octet;
		if (*p == '-' || sscanf(p, "%2x", &octet) != 1)
			continue;
		id[n++] = (uint8_t)octet;
		p++;
	}
}

int pl_host_identify(const char *interface, struct ptplens_stream_header *h, struct pl_error *e)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof cookie;
	struct ifreq r = {0};

	*h =
	    (struct ptplens_stream_header){.system = PTPLENS_SYSTEM_LINUX, .kind = PTPLENS_KIND_STREAM, .abi_version = PTPLENS_ABI_VERSION};
	memcpy(h->magic, PTPLENS_STREAM_MAGIC, sizeof h->magic);
	h->ifindex = strlen(interface) < IF_NAMESIZE ? if_nametoindex(interface) : 0;
	if (!h->ifindex)
		return pl_fail(e, PTPLENS_E_NOT_FOUND, "%s: no such interface", interface);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return pl_fail(e, PTPLENS_E_SYSTEM, "%s: no socket: %s", interface, strerror(errno));
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", interface);
	if (!ioctl(fd, SIOCGIFHWADDR, &r))
		memcpy(h->mac, r.ifr_hwaddr.sa_data, sizeof h->mac);
	int failed = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length);
	close(fd);
	if (failed)
		return pl_fail(e, PTPLENS_E_UNSUPPORTED, "%s: the kernel tells no network namespace cookie (Linux 5.14 does)", interface);
	h->network = cookie;
	read_boot_id(h->boot_id);
	return 0;
}

#define EVENT_TYPES 0x000fu /* Sync, Delay_Req, Pdelay_Req, Pdelay_Resp */
#define SYNC_TYPE 0x0001u
#define DELAY_REQ_TYPE 0x0002u

static void read_covered(const char *interface, uint16_t *covered)
{
	struct hwtstamp_config c = {0};
	uint16_t types = 0;
	int ethernet = 1, udp = 1;

	if (pl_host_request(interface, SIOCGHWTSTAMP, &c))
		return;
	switch (c.rx_filter) {
	case HWTSTAMP_FILTER_ALL:
		types = 0xffff;
		break;
	case HWTSTAMP_FILTER_PTP_V2_EVENT:
	case HWTSTAMP_FILTER_PTP_V2_L2_EVENT:
	case HWTSTAMP_FILTER_PTP_V2_L4_EVENT:
		types = EVENT_TYPES;
		break;
	case HWTSTAMP_FILTER_PTP_V2_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_L2_SYNC:
	case HWTSTAMP_FILTER_PTP_V2_L4_SYNC:
		types = SYNC_TYPE;
		break;
	case HWTSTAMP_FILTER_PTP_V2_DELAY_REQ:
	case HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ:
	case HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ:
		types = DELAY_REQ_TYPE;
		break;
	}
	if (c.rx_filter >= HWTSTAMP_FILTER_PTP_V2_L4_EVENT && c.rx_filter <= HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ)
		ethernet = 0;
	if (c.rx_filter >= HWTSTAMP_FILTER_PTP_V2_L2_EVENT && c.rx_filter <= HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ)
		udp = 0;
	covered[PTPLENS_TRANSPORT_ETHERNET] = ethernet ? types : 0;
	covered[PTPLENS_TRANSPORT_UDP_IPV4] = covered[PTPLENS_TRANSPORT_UDP_IPV6] = udp ? types : 0;
}

/* The enumerator is in an enum without a name, which CO-RE cannot address. */
static uint32_t pointer_flag(void)
{
	libbpf_print_fn_t previous = libbpf_set_print(NULL); /* a kernel without BTF is no error */
	struct btf *btf = btf__load_vmlinux_btf();
	uint32_t value = 0;

	libbpf_set_print(previous);
	if (!btf)
		return 0;
	for (uint32_t id = 1; id < btf__type_cnt(btf) && !value; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		if (!btf_is_enum(t) || t->name_off)
			continue;
		for (int i = 0; i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), "SKBTX_HW_TSTAMP_NETDEV"))
				value = (uint32_t)btf_enum(t)[i].val;
	}
	btf__free(btf);
	return value;
}

void pl_host_configure(const char *interface, struct pl_tap_config *c)
{
	read_covered(interface, c->receive_covered);
	c->pointer_flag = pointer_flag();
}

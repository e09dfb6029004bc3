/* SPDX-License-Identifier: BSD-3-Clause */
/* Preloaded into ptp4l: what it sends to port 319 has TOS 2, which is what QEMU's igb takes for the octet of a PTP version (nic.c). */
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	static int (*next)(int, const struct sockaddr *, socklen_t);
	int tos = 2;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "bind");
	if (address->sa_family == AF_INET && ((const struct sockaddr_in *)address)->sin_port == htons(319))
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	return next(fd, address, length);
}

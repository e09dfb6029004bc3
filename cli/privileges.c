/* SPDX-License-Identifier: BSD-3-Clause */
#include "privileges.h"

#include <cap-ng.h>

int drop_privileges(void)
{
	int keep = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);

	capng_clear(CAPNG_SELECT_BOTH);
	if (keep)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	return capng_apply(CAPNG_SELECT_CAPS) ? -1 : 0;
}

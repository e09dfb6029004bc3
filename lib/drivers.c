/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers.h"

#include <string.h>

/* One line a driver. Add one only with a source. */
const struct pl_driver pl_drivers[] = {
    {"dsa", "The switch stamps, and its driver delivers transmit stamps by skb_complete_tx_timestamp, which the tap hooks as well.",
     "Linux 6.12 net/dsa, drivers/net/dsa"},
    {"e1000e",
     "It stamps every frame or PTP events, and counts tx_hwtstamp_timeouts and tx_hwtstamp_skipped; QEMU's model of this card grants "
     "every filter and delivers no stamp at all.",
     "Linux 6.12 drivers/net/ethernet/intel/e1000e; measured on QEMU 10.0"},
    {"i40e", "It stamps received PTP messages alone, never all frames.", "Linux 6.12 drivers/net/ethernet/intel/i40e"},
    {"ice", "It can stamp every received frame.", "Linux 6.12 drivers/net/ethernet/intel/ice"},
    {"igb",
     "It has one slot for transmit stamps: while one is awaited, other requests are skipped and counted in tx_hwtstamp_skipped. "
     "The 82576 grants the filter for PTP events, and refuses the one for all frames.",
     "Linux 6.12 drivers/net/ethernet/intel/igb; measured on QEMU's 82576, Linux 6.1 and 6.12"},
    {"igc",
     "It has four slots for transmit stamps, and some cards drop stamps under load. Newer kernels (6.12, not 6.1) keep a "
     "received stamp as a pointer, which no tap can read: it is shown as refused.",
     "Linux 6.12 drivers/net/ethernet/intel/igc; reports of i225 cards to isochron"},
    {"ixgbe", "It counts tx_hwtstamp_timeouts and tx_hwtstamp_skipped.", "Linux 6.12 drivers/net/ethernet/intel/ixgbe"},
    {"mlx5_core", "It can stamp every received frame.", "Linux 6.12 drivers/net/ethernet/mellanox/mlx5"},
    {"tsnep", "It keeps a received stamp as a pointer, which no tap can read: it is shown as refused.",
     "Linux 6.12 drivers/net/ethernet/engleder"},
    {"veth", "It is a virtual cable and has no hardware clock.", "measured on Linux 6.18"},
    {"virtio_net", "It offers the kernel's stamps alone.", "measured on Linux 6.18"},
};
const size_t pl_drivers_count = sizeof pl_drivers / sizeof pl_drivers[0];

const struct pl_driver *pl_driver_find(const char *name)
{
	for (size_t i = 0; i < pl_drivers_count; i++)
		if (!strcmp(pl_drivers[i].name, name))
			return &pl_drivers[i];
	return NULL;
}

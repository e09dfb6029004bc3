# SPDX-License-Identifier: BSD-3-Clause
# The card's one place for a transmit stamp: occupied, late, and never emptied. A card that never delivers. A queue that holds frames. A card
# that goes away. Each is recorded at eth0 or eth2.
. /lib.sh
at=""
TSYNCTXCTL=b614

stamping_on
record slot eth0
slot=$recorder
record silent eth2
silent=$recorder
await 300 has_lines /out/slot.json mode 1
await 300 has_lines /out/silent.json mode 1

stamps send eth0 5 200 1000 >/out/ordinary

# A's request occupies the place; B's three are skipped; A's stamp comes when the card is switched on again, with an older value
nic eth0 $TSYNCTXCTL 0
stamps send eth0 1 3000 2000 >/out/late &
sender=$!
await 50 has_lines /proc/net/packet . 3
usleep 400000
stamps send eth0 3 100 2100 >/out/skipped
nic eth0 $TSYNCTXCTL 11
wait $sender

# frames that wait in a queue of the stack are stamped when they leave it
tc qdisc replace dev eth0 root netem delay 60ms
stamps send eth0 5 300 3000 >/out/held
tc qdisc del dev eth0 root

stamps send eth2 5 200 4000 >/out/never

# the driver gives up after 15 s
nic eth0 $TSYNCTXCTL 0
stamps send eth0 1 100 5000 >/out/timed-out
await 300 sh -c "ethtool -S eth0 | grep -q 'tx_hwtstamp_timeouts: 1'"
nic eth0 $TSYNCTXCTL 11
ethtool -S eth0 | grep tx_hwtstamp >/out/counters

usleep 300000
stop $slot slot
stop $silent silent

# the card goes away under a recording, and comes back
record unbound eth0
await 300 has_lines /out/unbound.json mode 1
stamps send eth0 5 100 6000 >/out/before
echo 0000:00:04.0 >/sys/bus/pci/drivers/igb/unbind
wait $recorder
echo $? >/out/unbound.status
echo 0000:00:04.0 >/sys/bus/pci/drivers/igb/bind
await 100 test -e /sys/class/net/eth0/carrier
ip link set eth0 up
await 300 grep -q 1 /sys/class/net/eth0/carrier
hwstamp_ctl -i eth0 -t 1 -r 12 >/dev/null
record bound eth0
await 300 has_lines /out/bound.json mode 1
stamps send eth0 5 200 7000 >/out/after
usleep 300000
stop $recorder bound
echo "end at $(cut -d' ' -f1 /proc/uptime) s"

# SPDX-License-Identifier: BSD-3-Clause
# Sessions of two clocks, master at eth0 and slave at eth1, one after another, each in a domain of its own; recorded at both ends from before
# the first until after the last.
. /lib.sh
RECORDS=20

session() { # domain, suffix of the interfaces, options of ptp4l
	domain=$1
	suffix=$2
	shift 2
	echo "domain $domain at $(cut -d' ' -f1 /proc/uptime) s"
	monitor /tmp/monitor >"/out/$domain.monitor" &
	monitor=$!
	await 50 test -S /tmp/monitor
	LD_PRELOAD=$preload ptp4l -f /ptp4l.cfg -m -q "$@" --domainNumber="$domain" -i "eth0$suffix" --priority1=100 \
		--uds_address /tmp/clock-master >"/out/$domain-master.log" 2>&1 &
	master=$!
	LD_PRELOAD=$preload $B ptp4l -f /ptp4l.cfg -m -q "$@" --domainNumber="$domain" -i "eth1$suffix" -s --free_running=1 \
		--slave_event_monitor=/tmp/monitor --uds_address /tmp/clock-slave >"/out/$domain-slave.log" 2>&1 &
	slave=$!
	await 200 has_lines "/out/$domain.monitor" ^S $RECORDS
	cut -d' ' -f1 /proc/uptime >"/out/$domain.end"
	kill $master $slave
	wait $master $slave
	kill $monitor
	rm /tmp/monitor
}

stamping_on
ip link add link eth0 name eth0.2 type vlan id 2
$B ip link add link eth1 name eth1.2 type vlan id 2
ip link set eth0.2 up
$B ip link set eth1.2 up
at="" record master eth0
master_recorder=$recorder
at=$B record slave eth1
slave_recorder=$recorder
await 300 has_lines /out/master.json mode 1
await 300 has_lines /out/slave.json mode 1

receive_stamps 01 00 88f7
session 0 "" -2 -E
$B stamps receive eth1 >/out/own.received &
receiver=$!
await 100 has_lines /out/own.received ready 1
stamps send eth0 200 12 1000 >/out/own.sent
usleep 300000
kill $receiver
without_receive_stamps

receive_stamps 45 45 0800
preload=/tos.so
session 1 "" -4 -E
session 2 "" -4 -P
preload=""
without_receive_stamps

receive_stamps 00 00 8100
session 3 .2 -2 -P --transportSpecific=1 --ptp_dst_mac=01:80:C2:00:00:0E --assume_two_step=1 --follow_up_info=1 --path_trace_enabled=1
without_receive_stamps

usleep 300000
stop $master_recorder master
stop $slave_recorder slave
echo "end at $(cut -d' ' -f1 /proc/uptime) s"

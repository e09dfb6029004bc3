# SPDX-License-Identifier: BSD-3-Clause
# Inside the machine: what the commands of all tests use.
B="ip netns exec B"

await() { # tenths of a second, command: 1 if the command does not succeed in that time
	left=$1
	shift
	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "not in time: $*"; return 1; }
		usleep 100000
	done
}

has_lines() { # file, pattern, count
	[ "$(grep -c "$2" "$1")" -ge "$3" ]
}

# Records one interface into /out/NAME.pcapng until `stop $recorder`; $at is where. Attached when the mode line is there.
record() { # name interface
	$at ptplens record "$2" -w "/out/$1.pcapng" --json >"/out/$1.json" 2>"/out/$1.err" &
	recorder=$!
}

stop() { # pid of a recorder, name; its exit code goes to /out/NAME.status
	kill -INT "$1"
	wait "$1"
	echo $? >"/out/$2.status"
}

# Both cards stamp, ours first; receive stamps of frames with this type octet (nic.c) at eth0 and at eth1.
receive_stamps() { # type at eth0, type at eth1, ethertype
	nic eth0 receive "$1" "$3" &
	nic0=$!
	$B nic eth1 receive "$2" "$3" &
	nic1=$!
}

without_receive_stamps() {
	kill $nic0 $nic1
	wait $nic0 $nic1
}

stamping_on() {
	hwstamp_ctl -i eth0 -t 1 -r 12 >/dev/null
	$B hwstamp_ctl -i eth1 -t 1 -r 12 >/dev/null
	hwstamp_ctl -i eth2 -t 1 -r 12 >/dev/null
}

# SPDX-License-Identifier: BSD-3-Clause
# What a kernel or a user may withhold from the tap. Each case is a short recording of five messages that ask for a stamp.
. /lib.sh
at=""

case_of() { # name, what to run ptplens under
	name=$1
	shift
	at=$* record "$name" eth0
	if await 300 sh -c "grep -q mode /out/$name.json || ! kill -0 $recorder" && grep -q mode "/out/$name.json"; then
		stamps send eth0 5 100 1000 >"/out/$name.sent"
		usleep 300000
		stop "$recorder" "$name"
	else
		wait "$recorder"
		echo $? >"/out/$name.status"
	fi
	echo "$name at $(cut -d' ' -f1 /proc/uptime) s"
}

stamping_on
case_of rights setpriv --bounding-set=-all,+net_admin,+net_raw,+bpf,+perfmon
case_of no-perfmon setpriv --bounding-set=-all,+net_admin,+net_raw,+bpf
sysctl -w kernel.ftrace_enabled=0
case_of no-ftrace
sysctl -w kernel.ftrace_enabled=1
mount -t tmpfs none /sys/kernel/btf
case_of no-btf
umount /sys/kernel/btf

# for good: there is no way back until the machine restarts
mount -t securityfs none /sys/kernel/security
echo confidentiality >/sys/kernel/security/lockdown
case_of lockdown

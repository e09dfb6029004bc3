# SPDX-License-Identifier: BSD-3-Clause
"""An emulated machine with two igb cards and an e1000e on one wire. It runs a command under a chosen kernel and gives back its output.

Inside, eth0 (10.1.0.1) and eth2 (e1000e) are in the first network namespace, eth1 (10.1.0.2) in namespace B."""
import collections
import ctypes
import fcntl
import glob
import gzip
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "ptplens-hw")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
TOOLS = ("dash", "ptp4l", "hwstamp_ctl", "ip", "tc", "ethtool", "setpriv")
# busybox's own sh would take its own ip and tc instead of the programs
NO_APPLETS = {"ip", "tc", "sh", "ash", "busybox"}
MODULES = ("igb", "e1000e", "8021q", "sch_ingress", "cls_bpf", "sch_netem")
MACHINE = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "512", "-nodefaults",
           "-no-user-config", "-display", "none", "-no-reboot"]

PR_SET_PDEATHSIG = 1

Result = collections.namedtuple("Result", "status text console")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def fetch():
    """Ends the test as skipped where kernels or emulator cannot be had."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = subprocess.run([os.path.join(HERE, "fetch"), CACHE], capture_output=True, text=True)
    if answer.returncode:
        skip(f"the emulated machine's packages cannot be had: {answer.stderr.strip()}")


def kernel_folder(version):
    found = [os.path.dirname(path) for path in glob.glob(os.path.join(CACHE, f"linux-image-{version}.*", "complete"))]
    if not found:
        raise AssertionError(f"no kernel {version} in {CACHE}")
    return max(found)


def libraries(programs):
    text = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+\.so\S*) \(", text))


def copy_modules(kernel, release, root):
    """The modules and what they depend on, decompressed, because busybox cannot."""
    source, target = (os.path.join(base, "lib/modules", release) for base in (kernel, root))
    os.makedirs(target)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy(os.path.join(source, name), target)
    with open(os.path.join(source, "modules.dep"), encoding="ascii") as file:
        needs = {line.split(":")[0]: line.replace(":", " ").split() for line in file}
    names = {re.sub(r"\.ko(\.xz)?$", "", os.path.basename(path)): path for path in needs}
    for path in {path for module in MODULES for path in needs[names[module]]}:
        to = os.path.join(target, re.sub(r"\.xz$", "", path))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with (lzma.open if path.endswith(".xz") else open)(os.path.join(source, path), "rb") as module, open(to, "wb") as out:
            shutil.copyfileobj(module, out)
    subprocess.run(["depmod", "-b", root, release], check=True, env={"PATH": PATH})


def build_root(root, kernel, release, command, programs, files):
    for folder in ("bin", "sbin", "lib64", "proc", "sys", "dev", "tmp", "run", "out", "etc", "usr/lib"):
        os.makedirs(os.path.join(root, folder))
    os.symlink("lib64", os.path.join(root, "lib"))
    programs = [shutil.which(tool, path=PATH) for tool in TOOLS] + list(programs)
    busybox = shutil.which("busybox", path=PATH)
    for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet not in NO_APPLETS:
            os.symlink("busybox", os.path.join(root, "bin", applet))
    shutil.copy(busybox, os.path.join(root, "bin"))
    os.symlink("dash", os.path.join(root, "bin/sh"))
    for program in programs:
        to = os.path.join(root, "bin", os.path.basename(program))
        if os.path.lexists(to):
            os.unlink(to)
        shutil.copy(program, to)
    for library in libraries(programs):
        shutil.copy(library, os.path.join(root, "lib64"))
    for file in files:
        shutil.copy(file, root)
    copy_modules(kernel, release, root)
    shutil.copy(os.path.join(HERE, "init"), root)
    for name, text in (("etc/modules", "\n".join(MODULES) + "\n"), ("command", command), ("etc/passwd", "root:x:0:0::/:/bin/sh\n")):
        with open(os.path.join(root, name), "w", encoding="ascii") as file:
            file.write(text)


def boot(image, initrd, work, parameters, seconds):
    lines = [os.path.join(work, name) for name in ("console", "text", "tar")]
    command = [*MACHINE, "-kernel", image, "-initrd", initrd, "-append", f"console=ttyS0 quiet panic=-1 iomem=relaxed {parameters}"]
    for line in lines:
        command += ["-serial", f"file:{line}"]
    for i, card in enumerate(("igb", "igb", "e1000e")):
        command += ["-netdev", f"hubport,id=h{i},hubid=0", "-device",
                    f"{card},addr={4 + 4 * i},netdev=h{i},mac=52:54:00:00:00:0{i + 1},romfile="]
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=seconds, preexec_fn=die_with_parent)
    except subprocess.TimeoutExpired:
        print(f"no result in {seconds} s")
    return lines


def run(version, command, out, programs=(), files=(), parameters="", seconds=180):
    """What the command left in /out is put into the folder `out`."""
    kernel = kernel_folder(version)
    image = glob.glob(os.path.join(kernel, "boot/vmlinuz-*"))[0]
    release = os.path.basename(image)[len("vmlinuz-"):]
    with tempfile.TemporaryDirectory() as work:
        root, initrd = os.path.join(work, "root"), os.path.join(work, "initrd")
        build_root(root, kernel, release, command, programs, files)
        names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, capture_output=True, check=True).stdout
        with gzip.open(initrd, "wb", compresslevel=1) as file:
            file.write(archive)
        console, text, tar = boot(image, initrd, work, parameters, seconds)
        with open(console, encoding="utf-8", errors="replace") as file:
            messages = file.read().replace("\r", "")
        with open(text, encoding="utf-8", errors="replace") as file:
            output, _, status = file.read().rpartition("@@status ")
        if not status.strip().isdigit():
            raise AssertionError(f"the machine ended without a result: {output}{status}\n{messages[-4000:]}")
        if os.path.getsize(tar):
            with tarfile.open(tar) as archive_out:
                archive_out.extractall(out)
    return Result(int(status), output, messages)

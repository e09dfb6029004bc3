/* SPDX-License-Identifier: BSD-3-Clause */
#include "programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.skel.h"
#include "tap_plain.skel.h"

static const struct mode {
	uint32_t hook;
	const char *programs[2];
	int plain;
	int ftrace; /* needed for the hook to be called, though not for attaching it */
} modes[] = {
    {PTPLENS_HOOK_FENTRY, {"pl_fentry_tstamp", "pl_fentry_complete"}, 0, 1},
    {PTPLENS_HOOK_KPROBE, {"pl_kprobe_tstamp", "pl_kprobe_complete"}, 0, 1},
    {PTPLENS_HOOK_ERROR_QUEUE, {"pl_queue_packet", "pl_queue_inet"}, 0, 0},
    {0, {NULL, NULL}, 0, 0},
    {0, {NULL, NULL}, 1, 0},
};

/* libbpf's last complaint, for the sentence of a failure */
static _Thread_local char complaint[192];

static __attribute__((format(printf, 2, 0))) int on_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(complaint, sizeof complaint, format, arguments);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

static int wanted(const char *name, const struct mode *mode)
{
	if (!strncmp(name, "pl_tap_", 7))
		return 1;
	for (int i = 0; i < 2; i++)
		if (mode->programs[i] && !strcmp(name, mode->programs[i]))
			return 1;
	return 0;
}

static int prepare(struct pl_programs *p, const struct pl_tap_config *config, const struct mode *mode)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "ptplens");
	struct bpf_program *program;
	size_t bytes;
	const void *image = mode->plain ? tap_plain__elf_bytes(&bytes) : tap__elf_bytes(&bytes);

	p->object = bpf_object__open_mem(image, bytes, &options);
	if (!p->object)
		return -errno;
	bpf_object__for_each_program(program, p->object) bpf_program__set_autoload(program, wanted(bpf_program__name(program), mode));
	struct bpf_map *constants = bpf_object__find_map_by_name(p->object, ".rodata");
	struct bpf_map *slots = bpf_object__find_map_by_name(p->object, "pl_slots");
	if (!constants || !slots || bpf_map__value_size(constants) != sizeof *config)
		return -ENOENT;
	int error = bpf_map__set_initial_value(constants, config, sizeof *config);
	return error ? error : bpf_map__set_max_entries(slots, (uint32_t)config->mask + 1);
}

/* Maps it read-only after the freeze, by which the kernel refuses user space every later write. */
static const void *freeze(const struct pl_programs *p, const char *name, size_t bytes)
{
	int fd = bpf_object__find_map_fd_by_name(p->object, name);

	if (fd < 0 || bpf_map_freeze(fd))
		return NULL;
	void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

static int map(struct pl_programs *p, const struct pl_tap_config *config)
{
	struct pl_ring_control control = {.magic = PL_RING_MAGIC,
	                                  .abi_version = PTPLENS_ABI_VERSION,
	                                  .slot_count = (uint32_t)config->mask + 1,
	                                  .slot_bytes = sizeof(struct pl_ring_slot)};
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(p->object, "pl_control"), &zero, &control, BPF_ANY))
		return -errno;
	p->slots_bytes = (size_t)control.slot_count * control.slot_bytes;
	p->control = freeze(p, "pl_control", sizeof *p->control);
	p->slots = p->control ? freeze(p, "pl_slots", p->slots_bytes) : NULL;
	p->counters = p->slots ? freeze(p, "pl_counters", sizeof *p->counters) : NULL;
	return p->counters ? 0 : -errno;
}

static int try_mode(struct pl_programs *p, const struct pl_tap_config *config, const struct mode *mode)
{
	*p = (struct pl_programs){0};
	int error = prepare(p, config, mode);
	if (!error)
		error = bpf_object__load(p->object);
	if (!error)
		error = map(p, config);
	for (int i = 0; i < 2 && !error && mode->programs[i]; i++) {
		p->stamp_links[i] = bpf_program__attach(bpf_object__find_program_by_name(p->object, mode->programs[i]));
		if (!p->stamp_links[i])
			error = -errno;
	}
	if (error) {
		pl_programs_close(p);
		return error;
	}
	p->tc[PTPLENS_RECEIVE] = bpf_program__fd(bpf_object__find_program_by_name(p->object, "pl_tap_ingress"));
	p->tc[PTPLENS_TRANSMIT] = bpf_program__fd(bpf_object__find_program_by_name(p->object, "pl_tap_egress"));
	p->hooks = mode->hook;
	return 0;
}

/* sysctl kernel.ftrace_enabled; a kernel without ftrace has no such file, and refuses what needs it */
static int ftrace_is_off(void)
{
	char value = '1';
	int fd = open("/proc/sys/kernel/ftrace_enabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, &value, 1) != 1)
		value = '1';
	close(fd);
	return value == '0';
}

int pl_programs_open(struct pl_programs *p, const struct pl_tap_config *config, const char *interface, struct pl_error *e)
{
	libbpf_print_fn_t previous = libbpf_set_print(on_print);
	int error = -EINVAL, off = ftrace_is_off();

	complaint[0] = 0;
	for (size_t i = 0; i < sizeof modes / sizeof *modes && error; i++)
		if (!modes[i].ftrace || !off)
			error = try_mode(p, config, &modes[i]);
	libbpf_set_print(previous);
	if (!error)
		return 0;
	if (error == -EPERM || error == -EACCES)
		return pl_fail(e, PTPLENS_E_PERMISSION,
		               "%s: the kernel refused the tap's programs: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (%s)", interface,
		               complaint);
	return pl_fail(e, error == -ENOMEM ? PTPLENS_E_MEMORY : PTPLENS_E_UNSUPPORTED,
	               "%s: the kernel cannot run the tap's BPF programs: %s (%s)", interface, strerror(-error), complaint);
}

void pl_programs_detach(struct pl_programs *p)
{
	for (int i = 0; i < 2; i++) {
		bpf_link__destroy(p->stamp_links[i]);
		p->stamp_links[i] = NULL;
	}
}

void pl_programs_close(struct pl_programs *p)
{
	pl_programs_detach(p);
	if (p->control)
		munmap((void *)p->control, sizeof *p->control);
	if (p->slots)
		munmap((void *)p->slots, p->slots_bytes);
	if (p->counters)
		munmap((void *)p->counters, sizeof *p->counters);
	bpf_object__close(p->object);
	*p = (struct pl_programs){0};
}

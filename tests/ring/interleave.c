/* SPDX-License-Identifier: BSD-3-Clause */
/* Every interleaving of a few producers and a reader, of the real ring.h (or of a mutated copy that must fail).
 *
 * Each thread is a coroutine that stops at every PL_RING_STEP(), that is before each shared access. A state is all of the shared
 * memory, the live part of each coroutine's stack and its saved registers, so equal states have equal futures; the search goes depth
 * first through all states and visits each once. States are told apart by a 128-bit hash. No interleaving is left out, as far as
 * sequential consistency goes: weak memory is GenMC's part.
 *
 * Checked: what the reader gets is the event of that position, whole; the books close after every call of the reader; a commit word
 * only grows and takes each committed value once; nothing hangs; in the end every position was committed or dropped, and the slots
 * hold their newest committed events. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static void step(void);
#define PL_RING_STEP() step()
#ifndef PL_RING_WORDS
#define PL_RING_WORDS 2
#endif
#ifndef RING_HEADER
#define RING_HEADER "ring.h"
#endif
#include RING_HEADER

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#define SLOTS 2
#define EVENTS (PRODUCERS * EACH)
#define THREADS (PRODUCERS + 1)
#define READER PRODUCERS
#define STACK_BYTES 4096
#define ALONE_STEPS 1000 /* the reader alone comes to an end within these, or never */
#define DEPTH_MAX 100000

enum { RUNNABLE, ENDED };

/* of a coroutine that stopped: its saved registers, and where its stack ends */
#if defined(__x86_64__)
#define REGISTERS(c) (c)->uc_mcontext.gregs
#define STACK_POINTER(c) ((char *)(c)->uc_mcontext.gregs[REG_RSP])
#else
#define REGISTERS(c) (c)->uc_mcontext.regs
#define STACK_POINTER(c) ((char *)(c)->uc_mcontext.sp)
#endif

struct coroutine {
	ucontext_t context;
	char *stack_pointer; /* live from here to the end of the stack */
	int status;
	int choices; /* at this step the thread goes on in so many ways */
	_Alignas(16) char stack[STACK_BYTES];
};

/* all that a snapshot holds */
static struct world {
	struct pl_ring_control control;
	struct pl_ring_slot slots[SLOTS];
	unsigned char committed[EVENTS], dropped[EVENTS];
	struct pl_ring_reader reader;
	struct coroutine threads[THREADS];
} world;

static ucontext_t scheduler;
static struct coroutine *self;
static int chosen;
static struct {
	const char *kind;
	char text[200];
} fault;
static uint64_t states, transitions, ends;

static __attribute__((format(printf, 2, 3))) void found(const char *kind, const char *format, ...)
{
	va_list arguments;

	if (fault.kind)
		return;
	fault.kind = kind;
	va_start(arguments, format);
	vsnprintf(fault.text, sizeof(fault.text), format, arguments);
	va_end(arguments);
}

/* A choice among n that the search tries one by one. */
static __attribute__((noinline)) int choose(int n)
{
	self->choices = n;
	swapcontext(&self->context, &scheduler);
	return chosen;
}

static void step(void)
{
	choose(1);
}

static uint64_t word_of(uint64_t position, int i)
{
	return 100 * (position + 1) + (uint64_t)i;
}

static void producer(void)
{
	for (int n = 0; n < EACH; n++) {
		uint64_t words[PL_RING_WORDS], position = pl_ring_take(&world.control);

		for (int i = 0; i < PL_RING_WORDS; i++)
			words[i] = word_of(position, i);
		if (pl_ring_put(&world.control, &world.slots[position & (SLOTS - 1)], position, SLOTS - 1, words))
			world.committed[position]++;
		else
			world.dropped[position]++;
	}
}

static void check_books(void)
{
	const struct pl_ring_reader *r = &world.reader;

	if (r->position > world.control.head)
		found("books", "position %d is beyond head", (int)r->position);
	if (r->received + r->lost_lapped + r->lost_stuck + r->start != r->position)
		found("books", "received %d, lapped %d, stuck %d do not make %d - %d", (int)r->received, (int)r->lost_lapped,
		      (int)r->lost_stuck, (int)r->position, (int)r->start);
}

static void check_event(const struct pl_ring_slot *event)
{
	if (event->seq != world.reader.position)
		found("misattributed", "position %d delivered as %d", (int)event->seq, (int)world.reader.position);
	for (int i = 0; i < PL_RING_WORDS; i++) {
		if (event->word[i] != word_of(event->seq - 1, i))
			found("torn", "position %d, word %d is %d", (int)event->seq, i, (int)event->word[i]);
	}
}

static void reader(void)
{
	struct pl_ring_reader *r = &world.reader;

	pl_ring_open(r, &world.control, world.slots, choose(2));
	while (r->position < EVENTS) {
		struct pl_ring_slot event = {0};
		enum pl_ring_look look = pl_ring_next(r, &event);

		if (look == PL_RING_EVENT) {
			check_event(&event);
		} else if (look == PL_RING_PENDING) {
			pl_ring_hole(r, (uint64_t)choose(2), 1); /* no time has passed, or the age is over */
			r->hole_time = 0;                        /* zero is the time of the snapshot, so that equal states are equal */
		}
		check_books();
	}
}

static void run_thread(void)
{
	self == &world.threads[READER] ? reader() : producer();
	self->status = ENDED;
	swapcontext(&self->context, &scheduler);
}

static void mix(uint64_t *h, const void *from, size_t bytes)
{
	const char *p = from;

	for (; bytes >= 8; p += 8, bytes -= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		h[0] = (h[0] ^ w) * 0x9e3779b97f4a7c15u;
		h[0] ^= h[0] >> 29;
		h[1] = (h[1] + w) * 0xc2b2ae3d27d4eb4fu;
		h[1] ^= h[1] >> 31;
	}
	for (; bytes; p++, bytes--) {
		h[0] = (h[0] ^ (unsigned char)*p) * 0x9e3779b97f4a7c15u;
		h[1] = (h[1] + (unsigned char)*p) * 0xc2b2ae3d27d4eb4fu;
	}
}

static void hash_world(uint64_t *h)
{
	h[0] = h[1] = 1;
	mix(h, &world.control, offsetof(struct world, threads));
	for (struct coroutine *t = world.threads; t < world.threads + THREADS; t++) {
		mix(h, &t->status, sizeof(t->status));
		mix(h, &t->choices, sizeof(t->choices));
		if (t->status == ENDED)
			continue;
		mix(h, REGISTERS(&t->context), sizeof(REGISTERS(&t->context)));
		mix(h, t->stack_pointer, (size_t)(t->stack + STACK_BYTES - t->stack_pointer));
	}
}

static uint64_t (*visited)[2];
static size_t visited_size;

static uint64_t *find_visited(uint64_t (*table)[2], size_t size, const uint64_t *h)
{
	size_t i = h[0] & (size - 1);

	while (table[i][0] && (table[i][0] != h[0] || table[i][1] != h[1]))
		i = (i + 1) & (size - 1);
	return table[i];
}

static void *allocate(size_t n, size_t bytes)
{
	void *p = calloc(n, bytes);

	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return p;
}

/* 1: this state was not there before. */
static int visit(void)
{
	uint64_t h[2];

	hash_world(h);
	h[0] += !h[0];
	if (states * 2 >= visited_size) {
		size_t size = visited_size ? visited_size * 2 : 1 << 16;
		uint64_t(*table)[2] = allocate(size, sizeof(*table));
		for (size_t i = 0; i < visited_size; i++) {
			if (visited[i][0])
				memcpy(find_visited(table, size, visited[i]), visited[i], sizeof(*table));
		}
		free(visited);
		visited = table;
		visited_size = size;
	}
	uint64_t *place = find_visited(visited, visited_size, h);
	if (place[0])
		return 0;
	memcpy(place, h, sizeof(*visited));
	states++;
	return 1;
}

static void check_slots(const struct pl_ring_slot *before)
{
	for (int i = 0; i < SLOTS; i++) {
		uint64_t was = before[i].seq, is = world.slots[i].seq;
		int commit = was == (is | PL_RING_BUSY);
		if (was != is && !commit && (is & ~PL_RING_BUSY) <= (was & ~PL_RING_BUSY))
			found("order", "seq went from %#llx to %#llx", (unsigned long long)was, (unsigned long long)is);
		if (was != is && !commit && !(is & PL_RING_BUSY))
			found("order", "%#llx committed over %#llx", (unsigned long long)is, (unsigned long long)was);
	}
}

static void run(struct coroutine *t, int choice)
{
	struct pl_ring_slot before[SLOTS];

	memcpy(before, world.slots, sizeof(before));
	self = t;
	chosen = choice;
	transitions++;
	swapcontext(&scheduler, &t->context);
	t->stack_pointer = STACK_POINTER(&t->context);
	if (t->stack_pointer < t->stack + STACK_BYTES / 4) {
		fprintf(stderr, "stack too small\n");
		exit(2);
	}
	check_slots(before);
}

static int producers_ended(void)
{
	for (int i = 0; i < PRODUCERS; i++) {
		if (world.threads[i].status != ENDED)
			return 0;
	}
	return 1;
}

/* Nothing moves but the reader, and time goes on: it has to reach the end. */
static void finish(void)
{
	struct coroutine *t = &world.threads[READER];

	for (int n = 0; t->status != ENDED && !fault.kind; n++) {
		if (n == ALONE_STEPS) {
			found("hang", "the reader stays at position %d of %d", (int)world.reader.position, EVENTS);
			return;
		}
		run(t, t->choices - 1);
	}
	ends++;
	for (uint64_t p = 0; p < EVENTS; p++) {
		if (world.committed[p] + world.dropped[p] != 1)
			found("producers", "position %d was committed %d and dropped %d times", (int)p, world.committed[p],
			      world.dropped[p]);
	}
	for (uint64_t i = 0; i < SLOTS; i++) {
		uint64_t newest = 0;
		for (uint64_t p = i; p < EVENTS; p += SLOTS)
			newest = world.committed[p] ? p + 1 : newest;
		if (world.slots[i].seq != newest)
			found("overwritten", "slot %d holds %d, newest was %d", (int)i, (int)world.slots[i].seq, (int)newest);
	}
	uint64_t dropped = world.control.drop_busy + world.control.drop_late;
	for (uint64_t p = 0; p < EVENTS; p++)
		dropped -= world.dropped[p];
	if (dropped)
		found("producers", "drop counters are wrong by %d", (int)dropped);
}

struct moment { /* one state of the path, and how far its ways on were tried */
	struct world world;
	int thread, choice;
};

static struct moment *path[DEPTH_MAX];

static void remember(int depth)
{
	if (depth == DEPTH_MAX) {
		fprintf(stderr, "path too long\n");
		exit(2);
	}
	if (!path[depth])
		path[depth] = allocate(1, sizeof(struct moment));
	path[depth]->world = world;
	path[depth]->thread = path[depth]->choice = 0;
}

static void search(void)
{
	int depth = 0;

	remember(0);
	while (depth >= 0 && !fault.kind) {
		struct moment *m = path[depth];
		if (m->thread == THREADS) {
			depth--;
			continue;
		}
		struct coroutine *t = &m->world.threads[m->thread];
		if (t->status == ENDED || m->choice == t->choices) {
			m->thread++;
			m->choice = 0;
			continue;
		}
		world = m->world;
		run(&world.threads[m->thread], m->choice++);
		if (fault.kind || !visit())
			continue;
		if (producers_ended())
			finish();
		else
			remember(++depth);
	}
}

static void start(void)
{
	world.control.slot_count = SLOTS;
	for (struct coroutine *t = world.threads; t < world.threads + THREADS; t++) {
		getcontext(&t->context);
		t->context.uc_stack.ss_sp = t->stack;
		t->context.uc_stack.ss_size = STACK_BYTES;
		t->status = RUNNABLE;
		makecontext(&t->context, run_thread, 0);
		run(t, 0); /* to its first step */
	}
}

/* interleave FAULT: "none" for the ring as it is; for a mutation the kind of fault it must show. */
int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s none|FAULT\n", argv[0]);
		return 2;
	}
	start();
	search();
	printf("%d producers x %d events, %d slots, 1 reader, %d words: %llu states, %llu steps, %llu ends; %s%s%s\n", PRODUCERS, EACH,
	       SLOTS, PL_RING_WORDS, (unsigned long long)states, (unsigned long long)transitions, (unsigned long long)ends,
	       fault.kind ? fault.kind : "no fault", fault.kind ? ": " : "", fault.text);
	return strcmp(argv[1], fault.kind ? fault.kind : "none") != 0;
}

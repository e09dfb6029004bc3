#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""mutate.py NAME INPUT OUTPUT: writes a copy of ring.h or atomic.h without one guard.

Fails if the text to replace is not there exactly once: a mutation that no longer fits must not pass as one that was caught.
doc/ring.md says which test each of them fails.
"""
import sys

MUTATIONS = {
    # -- ring.h: what order alone breaks
    "position_not_atomic": (
        "return pl_atomic_add(&c->head, 1);",
        "uint64_t p = pl_atomic_load(&c->head); PL_RING_STEP(); pl_atomic_put(&c->head, p + 1); return p;",
    ),
    "claim_after_payload": (
        """	if (!pl_ring_claim(c, s, position, mask))
		return 0;
	pl_atomic_claimed();
	for (int i = 0; i < PL_RING_WORDS; i++) {
		PL_RING_STEP();
		pl_atomic_put(&s->word[i], words[i]);
	}
""",
        """	for (int i = 0; i < PL_RING_WORDS; i++) {
		PL_RING_STEP();
		pl_atomic_put(&s->word[i], words[i]);
	}
	if (!pl_ring_claim(c, s, position, mask))
		return 0;
""",
    ),
    "claim_not_atomic": (
        "	uint64_t old = pl_atomic_cas(&s->seq, previous_lap, PL_RING_BUSY | (position + 1));\n",
        """	uint64_t old = pl_atomic_load(&s->seq);
	PL_RING_STEP();
	if (old == previous_lap)
		pl_atomic_put(&s->seq, PL_RING_BUSY | (position + 1));
""",
    ),
    "second_claim_not_checked": (
        "	if (pl_atomic_cas(&s->seq, old, PL_RING_BUSY | (position + 1)) == old)\n",
        "	if (pl_atomic_cas(&s->seq, old, PL_RING_BUSY | (position + 1)) < ~0ull)\n",
    ),
    "busy_ignored": (
        """	if (old & PL_RING_BUSY) {
		pl_atomic_count(&c->drop_busy);
		return 0;
	}
	if (old > position) {
""",
        "	if ((old & ~PL_RING_BUSY) > position) {\n",
    ),
    "late_overwrites": (
        "	if (old > position) {\n",
        "	if (old == ~0ull) {\n",
    ),
    "late_not_counted": (
        "		pl_atomic_count(&c->drop_late);\n",
        "",
    ),
    "commit_before_payload": (
        """	for (int i = 0; i < PL_RING_WORDS; i++) {
		PL_RING_STEP();
		pl_atomic_put(&s->word[i], words[i]);
	}
	PL_RING_STEP();
	pl_atomic_commit(&s->seq, position + 1);
""",
        """	PL_RING_STEP();
	pl_atomic_commit(&s->seq, position + 1);
	for (int i = 0; i < PL_RING_WORDS; i++) {
		PL_RING_STEP();
		pl_atomic_put(&s->word[i], words[i]);
	}
""",
    ),
    "no_recheck": (
        "			if (pl_atomic_peek(&s->seq) == seq) {\n",
        "			if (seq) {\n",
    ),
    "any_committed": (
        "		if (seq == r->position + 1) {\n",
        "		if (seq && !(seq & PL_RING_BUSY)) {\n",
    ),
    "no_age": (
        "	if (now - r->hole_time < age)\n",
        "	if (r->position < r->hole_head)\n",
    ),
    "resync_not_counted": (
        "	r->lost_lapped += to - r->position;\n",
        "",
    ),
    # -- ring.h: a producer that owns nothing, for the BPF duet
    "no_ownership": (
        "	if (!pl_ring_claim(c, s, position, mask))\n		return 0;\n",
        "	pl_atomic_commit(&s->seq, PL_RING_BUSY | (position + 1));\n	(void)c;\n	(void)mask;\n",
    ),
    # -- atomic.h: what only a weak memory breaks
    "claim_not_fenced": (
        "	atomic_thread_fence(memory_order_release);\n",
        "",
    ),
    "commit_relaxed": (
        "	atomic_store_explicit(PL_ATOMIC(p), v, memory_order_release);\n",
        "	atomic_store_explicit(PL_ATOMIC(p), v, memory_order_relaxed);\n",
    ),
    "copy_not_fenced": (
        "	atomic_thread_fence(memory_order_acquire);\n",
        "",
    ),
    "load_relaxed": (
        "	return atomic_load_explicit(PL_ATOMIC_CONST(p), memory_order_acquire);\n",
        "	return atomic_load_explicit(PL_ATOMIC_CONST(p), memory_order_relaxed);\n",
    ),
}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    name, source, target = sys.argv[1:]
    old, new = MUTATIONS[name]
    with open(source) as f:
        text = f.read()
    if text.count(old) != 1:
        sys.exit(f"{name}: the text to replace is {text.count(old)} times in {source}:\n{old}")
    with open(target, "w") as f:
        f.write(text.replace(old, new))


main()

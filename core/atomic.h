/* SPDX-License-Identifier: BSD-3-Clause */
/* The few atomic operations that the ring needs, for BPF, C11 and (as C11 under mingw) NT.
 *
 * add, cas and swap are full barriers; load is acquire; commit is the release store that makes an event visible; peek and put are the
 * relaxed accesses to payload words. BPF atomics with fetch are fully ordered, plain BPF loads and stores are not ordered on weak
 * machines, and BPF has no store-release before v4: a commit there is a swap, on x86 hosts (PL_ATOMIC_TSO) a plain store. */
#ifndef PL_ATOMIC_H
#define PL_ATOMIC_H

#include <ptplens/event.h>

#if defined(__bpf__)

#define pl_atomic_add(p, v) __sync_fetch_and_add(p, v)
#define pl_atomic_count(p) ((void)__sync_fetch_and_add(p, 1))
#define pl_atomic_cas(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define pl_atomic_load(p) (*(volatile const uint64_t *)(p))
#define pl_atomic_put(p, v) (*(volatile uint64_t *)(p) = (v))
#define pl_atomic_claimed() ((void)0) /* the cas before it is a full barrier */
#if defined(PL_ATOMIC_TSO)
#define pl_atomic_commit(p, v) \
	do { \
		__asm__ volatile("" ::: "memory"); \
		*(volatile uint64_t *)(p) = (v); \
		__asm__ volatile("" ::: "memory"); \
	} while (0)
#else
#define pl_atomic_commit(p, v) ((void)__sync_lock_test_and_set(p, v))
#endif

#else

#include <stdatomic.h>

typedef _Atomic(uint64_t) pl_atomic_u64;
#define PL_ATOMIC(p) ((pl_atomic_u64 *)(p))
#define PL_ATOMIC_CONST(p) ((const pl_atomic_u64 *)(p))

static inline uint64_t pl_atomic_add(uint64_t *p, uint64_t v)
{
	return atomic_fetch_add(PL_ATOMIC(p), v);
}

static inline void pl_atomic_count(uint64_t *p)
{
	atomic_fetch_add_explicit(PL_ATOMIC(p), 1, memory_order_relaxed);
}

static inline uint64_t pl_atomic_cas(uint64_t *p, uint64_t old, uint64_t new)
{
	atomic_compare_exchange_strong(PL_ATOMIC(p), &old, new);
	return old;
}

static inline uint64_t pl_atomic_load(const uint64_t *p)
{
	return atomic_load_explicit(PL_ATOMIC_CONST(p), memory_order_acquire);
}

static inline uint64_t pl_atomic_peek(const uint64_t *p)
{
	return atomic_load_explicit(PL_ATOMIC_CONST(p), memory_order_relaxed);
}

static inline void pl_atomic_put(uint64_t *p, uint64_t v)
{
	atomic_store_explicit(PL_ATOMIC(p), v, memory_order_relaxed);
}

static inline void pl_atomic_claimed(void)
{
	atomic_thread_fence(memory_order_release);
}

static inline void pl_atomic_commit(uint64_t *p, uint64_t v)
{
	atomic_store_explicit(PL_ATOMIC(p), v, memory_order_release);
}

static inline void pl_atomic_copied(void)
{
	atomic_thread_fence(memory_order_acquire);
}

#endif
#endif

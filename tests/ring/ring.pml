/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring's protocol for Spin: each shared access is one step, so a producer may stall anywhere while others lap the ring.
 * Sequential consistency; interleave.c searches the real header in smaller configurations, genmc.c covers weak memory.
 * A payload is two words, both of them the position. spin.py runs it, whole and with one guard less. */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#ifndef READERS
#define READERS 1
#endif
#define SLOTS 2
#define TOTAL (PRODUCERS * EACH)

#define BUSY 64
#define NUMBER(s) ((s) & 63)
#define NEVER 255 /* no seq word has it */
#define PREVIOUS_LAP(p) ((p) + 1 >= SLOTS -> (p) + 1 - SLOTS : NEVER)
#define OLDEST (head > SLOTS -> head - SLOTS : 0)
#define RING_SLOT position % SLOTS

byte head;
byte seq[SLOTS], first[SLOTS], second[SLOTS];
bit committed[TOTAL], dropped[TOTAL]; /* what became of each position */
byte ended;

/* The word only grows. */
inline own() {
	assert(position + 1 > NUMBER(seq[RING_SLOT]));
	seq[RING_SLOT] = BUSY | (position + 1)
}

inline cas(expected) {
	atomic {
		won = (seq[RING_SLOT] == expected);
		old = seq[RING_SLOT];
		if
		:: won -> own()
		:: else
		fi
	}
}

inline claim() {
	old = PREVIOUS_LAP(position);
	cas(old);
	if
	:: won
	:: !won && (old & BUSY)
	:: !won && !(old & BUSY) && old > position
	:: !won && !(old & BUSY) && old <= position -> cas(old)
	fi
}

inline write_payload() {
	first[RING_SLOT] = position;
	second[RING_SLOT] = position
}

inline commit() {
	atomic {
		assert(seq[RING_SLOT] == (BUSY | (position + 1)));
		seq[RING_SLOT] = position + 1;
		committed[position] = 1
	}
}

proctype producer() {
	byte position, old, n;
	bit won;

	do
	:: n == EACH -> break
	:: n < EACH ->
		atomic { position = head; head++ };
		claim();
		if
		:: won ->
			write_payload();
			commit()
		:: else -> dropped[position] = 1
		fi;
		d_step { n++; position = 0; old = 0; won = 0 }
	od;
	ended++
}

inline resync() {
	seen_head = head;
	d_step {
		to = position + 1;
		if
		:: seen_head > SLOTS && seen_head - SLOTS > to -> to = seen_head - SLOTS
		:: else
		fi;
		lost = lost + to - position;
		position = to;
		to = 0
	}
}

inline look_and_copy() {
	a = first[RING_SLOT];
	b = second[RING_SLOT];
	if
	:: seq[RING_SLOT] == seen ->
		d_step {
			assert(a == position && b == position);
			assert(committed[position]);
			received++;
			position++
		}
	:: else -> resync()
	fi
}

/* Handed out and not committed: what it waits for comes, or its age is over - at any moment, for the model knows no time. */
inline pending() {
	if
	:: NUMBER(seq[RING_SLOT]) > position + 1 || seq[RING_SLOT] == position + 1 || head - position > SLOTS
	:: d_step { lost++; position++ }
	fi
}

proctype reader() {
	byte start, position, received, lost, seen, seen_head, to, a, b;

	atomic {
		if
		:: start = head
		:: start = OLDEST
		fi;
		position = start
	};
	do
	:: position == TOTAL -> break
	:: position < TOTAL ->
		seen = seq[RING_SLOT];
		if
		:: seen == position + 1 -> look_and_copy()
		:: seen != position + 1 && NUMBER(seen) > position + 1 -> resync()
		:: else ->
			seen_head = head;
			if
			:: seen_head <= position -> head > position
			:: seen_head > position && seen_head - position > SLOTS -> resync()
			:: seen_head > position && seen_head - position <= SLOTS -> pending()
			fi
		fi;
		d_step {
			assert(received + lost == position - start);
			assert(position <= head);
			seen = 0; seen_head = 0; a = 0; b = 0
		}
	od;
	ended++
}

init {
	byte k;

	atomic {
		for (k : 1 .. PRODUCERS) { run producer() }
		for (k : 1 .. READERS) { run reader() }
	};
	ended == PRODUCERS + READERS;
	d_step {
		assert(head == TOTAL);
		for (k : 0 .. TOTAL - 1) {
			assert(committed[k] + dropped[k] == 1);
			assert(!committed[k] || seq[k % SLOTS] >= k + 1)
		}
		for (k : 0 .. SLOTS - 1) {
			assert(!(seq[k] & BUSY));
			assert(!seq[k] || (first[k] == seq[k] - 1 && second[k] == seq[k] - 1))
		}
	}
}

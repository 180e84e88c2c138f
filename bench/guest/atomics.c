// Atomic operations of one thread: what they cost when nobody is in the way.
#include "bench.h"

uint64_t run_add(uint64_t count)
{
    static uint64_t counters[64];
    uint64_t sum = 0;
    while (count-- > 0) sum += __atomic_fetch_add(&counters[count & 63], count, __ATOMIC_RELAXED);
    return sum;
}

uint64_t run_swap(uint64_t count)
{
    static uint64_t value = 1;
    while (count-- > 0) {
        uint64_t old = __atomic_load_n(&value, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&value, &old, old * 3 + count, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) { }
    }
    return value;
}

uint64_t run_bits(uint64_t count)
{
    static uint32_t words[16];
    uint64_t sum = 0;
    while (count-- > 0) {
        uint32_t *word = &words[count & 15];
        sum += __atomic_fetch_or(word, (uint32_t)count, __ATOMIC_ACQ_REL);
        sum ^= __atomic_fetch_and(word, (uint32_t)~(count >> 3), __ATOMIC_RELAXED);
        sum += __atomic_exchange_n(word, (uint32_t)sum, __ATOMIC_SEQ_CST);
    }
    return sum;
}

uint64_t run_spin(uint64_t count)
{
    static uint32_t lock;
    static uint64_t guarded = 1;
    while (count-- > 0) {
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) { }
        guarded = guarded * 5 + count;
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    }
    return guarded;
}

uint64_t run_fences(uint64_t count)
{
    static volatile uint64_t cells[8];
    uint64_t sum = 0;
    while (count-- > 0) {
        cells[count & 7] = count;
        if ((count & 7) == 0) __atomic_thread_fence(__ATOMIC_SEQ_CST);
        else __atomic_thread_fence(__ATOMIC_RELEASE);
        sum += cells[(count + 3) & 7];
    }
    return sum;
}

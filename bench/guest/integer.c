// Integer kernels: registers, arithmetic, small arrays.
#include "bench.h"

uint64_t run_loop(uint64_t count)
{
    uint64_t a = 0, b = 0, c = 0;
#if defined(__riscv)
    // Ten instructions a round: what the runner gives as instructions per second.
    __asm__ volatile(
        "1: addi %0, %0, 1\n"
        "add %1, %1, %0\n"
        "slli t0, %1, 3\n"
        "xor %2, %2, t0\n"
        "or t1, %0, %2\n"
        "sub t2, t1, %0\n"
        "srli t0, t2, 5\n"
        "and t1, t0, %1\n"
        "addi %3, %3, -1\n"
        "bnez %3, 1b\n"
        : "+r"(a), "+r"(b), "+r"(c), "+r"(count) : : "t0", "t1", "t2");
#else
    while (count-- > 0) {
        a++;
        b += a;
        c ^= b << 3;
        uint64_t unused = (((a | c) - a) >> 5) & b;
        __asm__ volatile("" : : "r"(unused));
    }
#endif
    return combine(combine(a, b), c);
}

uint64_t run_crc(uint64_t count)
{
    static uint32_t table[256];
    static uint8_t data[512 << 10];
    uint64_t seed = 1;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (0xedb88320u & -(value & 1));
        table[i] = value;
    }
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(next_random(&seed) >> 24);
    uint32_t crc = ~0u;
    while (count-- > 0)
        for (size_t i = 0; i < sizeof data; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}

enum { SORTED = 100000 };

static void insertion_sort(int32_t *values, long length)
{
    for (long i = 1; i < length; i++) {
        int32_t value = values[i];
        long j = i;
        for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

static NOINLINE void quick_sort(int32_t *values, long length)
{
    while (length > 16) {
        int32_t pivot = values[length / 2];
        long low = 0, high = length - 1;
        while (low <= high) {
            while (values[low] < pivot) low++;
            while (values[high] > pivot) high--;
            if (low > high) break;
            int32_t swapped = values[low];
            values[low++] = values[high];
            values[high--] = swapped;
        }
        quick_sort(values + low, length - low);
        length = high + 1;
    }
    insertion_sort(values, length);
}

uint64_t run_sort(uint64_t count)
{
    static int32_t values[SORTED];
    uint64_t seed = 88172645463325252u, sum = 0;
    while (count-- > 0) {
        for (int i = 0; i < SORTED; i++) values[i] = (int32_t)next_random(&seed);
        quick_sort(values, SORTED);
        for (int i = 1; i < SORTED; i++) if (values[i - 1] > values[i]) fail("sort");
        sum = combine(sum, (uint32_t)values[SORTED / 3]);
    }
    return sum;
}

enum { ORDER = 128 };

uint64_t run_matrix(uint64_t count)
{
    static int32_t a[ORDER][ORDER], b[ORDER][ORDER], c[ORDER][ORDER];
    uint64_t seed = 7, sum = 0;
    for (int i = 0; i < ORDER; i++)
        for (int j = 0; j < ORDER; j++) {
            a[i][j] = (int32_t)(next_random(&seed) % 1000);
            b[i][j] = (int32_t)(next_random(&seed) % 1000);
        }
    while (count-- > 0) {
        for (int i = 0; i < ORDER; i++)
            for (int j = 0; j < ORDER; j++) {
                int32_t dot = 0;
                for (int k = 0; k < ORDER; k++) dot += a[i][k] * b[k][j];
                c[i][j] = dot;
            }
        a[count % ORDER][3] = c[5][count % ORDER] & 1023;
        sum = combine(sum, (uint32_t)c[count % ORDER][count % 31]);
    }
    return sum;
}

uint64_t run_sieve(uint64_t count)
{
    enum { LIMIT = 2000000 };
    static uint32_t marked[LIMIT / 32 + 1];
    uint64_t primes = 0;
    while (count-- > 0) {
        for (int i = 0; i <= LIMIT / 32; i++) marked[i] = 0;
        for (uint32_t i = 2; i < LIMIT; i++) {
            if (marked[i / 32] >> (i % 32) & 1) continue;
            primes += i;
            for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i) marked[j / 32] |= 1u << (j % 32);
        }
    }
    return primes;
}

uint64_t run_hash(uint64_t count)
{
    uint64_t state = 42, sum = 0;
    while (count-- > 0) sum += next_random(&state) * 0x2545f4914f6cdd1du ^ sum >> 31;
    return sum;
}

uint64_t run_gcd(uint64_t count)
{
    uint64_t seed = 99, sum = 0;
    while (count-- > 0) {
        uint64_t a = next_random(&seed) >> 40, b = next_random(&seed) >> 40;
        while (b != 0) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        sum = combine(sum, a);
    }
    return sum;
}

static inline uint32_t rotate(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

// FIPS 180-4, section 6.2.2: one block.
static NOINLINE void sha_block(uint32_t hash[8], const uint8_t *data, const uint32_t k[64])
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)data[i * 4] << 24 | data[i * 4 + 1] << 16 | data[i * 4 + 2] << 8 | data[i * 4 + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 8; i++) s[i] = hash[i];
    for (int i = 0; i < 64; i++) {
        uint32_t one = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        uint32_t two = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) hash[i] += s[i];
}

uint64_t run_sha(uint64_t count)
{
    static uint8_t data[4096];
    uint32_t k[64], hash[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    uint64_t seed = 13;
    // Not the constants of the standard: any will do here.
    for (int i = 0; i < 64; i++) k[i] = (uint32_t)next_random(&seed);
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)next_random(&seed);
    while (count-- > 0)
        for (size_t i = 0; i < sizeof data; i += 64) sha_block(hash, data + i, k);
    return (uint64_t)hash[0] << 32 | hash[5];
}

static NOINLINE uint64_t place_queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
    if (columns == all) return 1;
    uint64_t found = 0;
    for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
        uint32_t here = free & -free;
        found += place_queens(all, columns | here, (left | here) << 1, (right | here) >> 1);
    }
    return found;
}

uint64_t run_queens(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) sum = combine(sum, place_queens((1u << (7 + count % 3)) - 1, 0, 0, 0));
    return sum;
}

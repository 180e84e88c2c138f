// Mixed integer work in the manner of embedded benchmarks: a list is searched and sorted, a matrix of 16-bit numbers multiplied,
// numbers in text recognised by a state machine; a CRC over all results decides what comes next.
#include "bench.h"

enum { NODES = 48, SIZE = 10 };

struct node { struct node *next; int16_t key, value; };

static uint16_t crc16(uint16_t crc, uint16_t value)
{
    for (int i = 0; i < 16; i++, value >>= 1) crc = (uint16_t)((crc >> 1) ^ (((crc ^ value) & 1) ? 0xa001 : 0));
    return crc;
}

static struct node *build(struct node *nodes, uint64_t *seed)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        nodes[i].key = (int16_t)(next_random(seed) & 0x7fff);
        nodes[i].value = (int16_t)i;
    }
    return nodes;
}

static struct node *reverse(struct node *list)
{
    struct node *done = NULL;
    while (list != NULL) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

typedef int order(const struct node *, const struct node *);

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }

static int by_value(const struct node *a, const struct node *b) { return a->value - b->value; }

// Merges runs of growing length, in place.
static NOINLINE struct node *sort(struct node *list, order *compare)
{
    for (int run = 1;; run *= 2) {
        struct node *rest = list, *head = NULL, *tail = NULL;
        int merges = 0;
        while (rest != NULL) {
            struct node *left = rest, *right = rest;
            int left_count = 0, right_count = run;
            merges++;
            while (left_count < run && right != NULL) {
                left_count++;
                right = right->next;
            }
            while (left_count > 0 || (right_count > 0 && right != NULL)) {
                struct node *taken;
                if (left_count > 0 && (right_count == 0 || right == NULL || compare(left, right) <= 0)) {
                    taken = left;
                    left = left->next;
                    left_count--;
                } else {
                    taken = right;
                    right = right->next;
                    right_count--;
                }
                if (tail != NULL) tail->next = taken;
                else head = taken;
                tail = taken;
            }
            rest = right;
        }
        tail->next = NULL;
        list = head;
        if (merges <= 1) return list;
    }
}

static NOINLINE uint16_t list_part(uint16_t crc, uint64_t *seed)
{
    static struct node nodes[NODES];
    struct node *list = build(nodes, seed);
    for (int i = 0; i < 12; i++) {
        int wanted = (crc + i * 7) % NODES, steps = 0;
        struct node *found = list;
        while (found != NULL && found->value != wanted) {
            found = found->next;
            steps++;
        }
        crc = crc16(crc, (uint16_t)(found != NULL ? found->key + steps : 1));
        list = reverse(list);
    }
    list = sort(list, by_key);
    for (struct node *n = list; n != NULL; n = n->next) crc = crc16(crc, (uint16_t)n->value);
    list = sort(list, by_value);
    return crc16(crc, (uint16_t)list->key);
}

static NOINLINE uint16_t matrix_part(uint16_t crc, int16_t seed)
{
    static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
    static int32_t c[SIZE][SIZE];
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            seed = (int16_t)(seed * 13 + i + j);
            a[i][j] = seed;
            b[i][j] = (int16_t)(seed & 0xff);
        }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            int32_t dot = 0;
            for (int k = 0; k < SIZE; k++) {
                int32_t product = a[i][k] * b[k][j];
                dot += (product >> 2 & 0xf) * (product >> 5 & 0x7f) + product;
            }
            c[i][j] = dot;
        }
    int32_t last = 0, found = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            found += c[i][j] > last ? 10 : 1;
            last = c[i][j];
        }
    return crc16(crc16(crc, (uint16_t)found), (uint16_t)last);
}

enum state { START, SIGN, WHOLE, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES };

static enum state step(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START: return digit ? WHOLE : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit ? WHOLE : c == '.' ? POINT : INVALID;
    case WHOLE: return digit ? WHOLE : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID;
    case POINT: return digit ? FRACTION : INVALID;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit || c == '-' ? POWER : INVALID;
    case POWER: return digit ? POWER : INVALID;
    default: return INVALID;
    }
}

static NOINLINE uint16_t state_part(uint16_t crc)
{
    static char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,";
    uint16_t finals[STATES] = { 0 };
    text[crc % (sizeof text - 1)] ^= 1;
    enum state state = START;
    for (const char *c = text; *c != 0; c++) {
        if (*c != ',') state = step(state, *c);
        else {
            finals[state]++;
            state = START;
        }
    }
    text[crc % (sizeof text - 1)] ^= 1;
    for (int i = 0; i < STATES; i++) crc = crc16(crc, finals[i]);
    return crc;
}

uint64_t run_mix(uint64_t count)
{
    uint64_t seed = 3, sum = 0;
    uint16_t crc = 0xffff;
    while (count-- > 0) {
        crc = list_part(crc, &seed);
        for (int i = 0; i < 4; i++) crc = matrix_part(crc, (int16_t)(crc + i));
        for (int i = 0; i < 8; i++) crc = state_part(crc);
        sum = combine(sum, crc);
    }
    return sum;
}

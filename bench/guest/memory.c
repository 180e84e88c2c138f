// Loads and stores: latency, bandwidth, conflicts.
#include "bench.h"

uint64_t run_chase(uint64_t count)
{
    enum { NODES = 1 << 18 };
    struct node { struct node *next; uint64_t value, unused[6]; } *nodes = allocate(NODES * sizeof(struct node));
    uint32_t *order = allocate(NODES * sizeof *order);
    uint64_t seed = 21, sum = 0;
    for (uint32_t i = 0; i < NODES; i++) order[i] = i;
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t j = (uint32_t)(next_random(&seed) % i), other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
        nodes[order[i]].value = i;
    }
    struct node *node = nodes;
    while (count-- > 0) {
        sum += node->value;
        node = node->next;
    }
    return sum;
}

enum { BLOCK = (1 << 20) / 8 };

uint64_t run_copy(uint64_t count)
{
    uint64_t *from = allocate(BLOCK * 8), *to = allocate(BLOCK * 8), sum = 0;
    for (int i = 0; i < BLOCK; i++) from[i] = (uint64_t)i * 0x9e3779b97f4a7c15u;
    while (count-- > 0) {
        for (int i = 0; i < BLOCK; i += 4) {
            uint64_t a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
            to[i] = a;
            to[i + 1] = b;
            to[i + 2] = c;
            to[i + 3] = d;
        }
        KEEP(to);
        from[count % BLOCK] += to[(count * 7) % BLOCK];
        sum = combine(sum, to[count % BLOCK]);
    }
    return sum;
}

uint64_t run_fill(uint64_t count)
{
    uint64_t *to = allocate(BLOCK * 8), sum = 0;
    while (count-- > 0) {
        for (int i = 0; i < BLOCK; i += 4) to[i] = to[i + 1] = to[i + 2] = to[i + 3] = count;
        KEEP(to);
        sum = combine(sum, to[count % BLOCK]);
    }
    return sum;
}

uint64_t run_stride(uint64_t count)
{
    enum { BYTES = 8 << 20 };
    static const int steps[] = { 64, 256, 4160 };
    uint8_t *data = allocate(BYTES);
    uint64_t sum = 0;
    for (int i = 0; i < BYTES; i++) data[i] = (uint8_t)(i * 7 + (i >> 9));
    while (count-- > 0)
        for (int s = 0; s < 3; s++)
            for (int start = 0; start < 4; start++)
                for (int i = start; i < BYTES; i += steps[s]) {
                    sum += data[i];
                    data[i]++;
                }
    return sum;
}

uint64_t run_table(uint64_t count)
{
    enum { SLOTS = 1 << 20 };
    struct slot { uint64_t key, value; } *slots = allocate(SLOTS * sizeof(struct slot));
    uint64_t seed = 17, sum = 0;
    while (count-- > 0) {
        uint64_t key = next_random(&seed) % (SLOTS / 2) + 1, at = key * 0x9e3779b97f4a7c15u >> 44;
        while (slots[at].key != 0 && slots[at].key != key) at = (at + 1) % SLOTS;
        slots[at].key = key;
        sum = combine(sum, slots[at].value++);
    }
    return sum;
}

struct item { struct item *next; uint64_t key; };

static NOINLINE struct item *reverse_items(struct item *list)
{
    struct item *done = NULL;
    while (list != NULL) {
        struct item *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

uint64_t run_list(uint64_t count)
{
    enum { ITEMS = 4096 };
    struct item *pool = allocate(ITEMS * sizeof *pool), *unused = NULL;
    uint64_t seed = 31, sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        pool[i].next = unused;
        unused = &pool[i];
    }
    while (count-- > 0) {
        struct item *list = NULL;
        for (int i = 0; i < ITEMS; i++) {
            struct item *item = unused;
            unused = item->next;
            item->key = next_random(&seed);
            item->next = list;
            list = item;
        }
        for (int i = 0; i < 64; i++) {
            list = reverse_items(list);
            uint64_t wanted = next_random(&seed) >> 8, steps = 0;
            for (struct item *item = list; item != NULL && item->key >> 8 != wanted; item = item->next) steps += item->key & 1;
            sum = combine(sum, steps);
        }
        while (list != NULL) {
            struct item *next = list->next;
            list->next = unused;
            unused = list;
            list = next;
        }
    }
    return sum;
}

static NOINLINE size_t length_of(const char *text)
{
    const char *end = text;
    while (*end != 0) end++;
    return end - text;
}

static NOINLINE int compare(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

uint64_t run_text(uint64_t count)
{
    enum { STRINGS = 2000, LONGEST = 120 };
    char (*strings)[LONGEST + 1] = allocate(STRINGS * (LONGEST + 1));
    uint64_t seed = 41, sum = 0;
    for (int i = 0; i < STRINGS; i++) {
        int length = 40 + (int)(next_random(&seed) % (LONGEST - 40));
        for (int j = 0; j < length; j++) strings[i][j] = (char)('a' + (j < 30 ? j % 26 : (int)(next_random(&seed) % 26)));
    }
    while (count-- > 0)
        for (int i = 0; i < STRINGS; i++) {
            const char *text = strings[i], *other = strings[(i * 7 + 1 + count) % STRINGS];
            size_t length = length_of(text);
            int order = compare(text, other);
            for (size_t j = 0; j < length; j++) sum += text[j] == 'q';
            sum = combine(sum, length + (order < 0));
        }
    return sum;
}

uint64_t run_triad(uint64_t count)
{
    enum { WORDS = (4 << 20) / 8 };
    uint64_t *a = allocate(WORDS * 8), *b = allocate(WORDS * 8), *c = allocate(WORDS * 8), sum = 0;
    for (int i = 0; i < WORDS; i++) {
        b[i] = i;
        c[i] = i ^ 0x55;
    }
    while (count-- > 0) {
        for (int i = 0; i < WORDS; i++) a[i] = b[i] + 3 * c[i];
        uint64_t *other = a;
        a = b;
        b = other;
        sum = combine(sum, b[count % WORDS]);
    }
    return sum;
}

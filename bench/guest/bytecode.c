// A small register machine interpreted in two ways. The interpreted program counts primes below 5,000 with a sieve.
#include "bench.h"

enum opcode { LOAD, ADD, ADDI, LESS, MOVE, FETCH, STORE, IF, IFNOT, JUMP, MULTIPLY, STOP };

struct code { uint8_t op, a, b, c; int32_t constant; };

enum { LIMIT = 5000, I, J, COUNT, FLAG, END, ONE, BYTE };

// Registers by the names above, less LIMIT.
#define R(x) ((x) - LIMIT)
static const struct code program[] = {
    { LOAD, R(END), 0, 0, LIMIT },
    { LOAD, R(ONE), 0, 0, 1 },
    { LOAD, R(COUNT), 0, 0, 0 },
    { LOAD, R(I), 0, 0, 0 },
    { STORE, R(I), R(ONE), 0, 0 },                  // 4: all may be prime
    { ADDI, R(I), R(I), 0, 1 },
    { LESS, R(FLAG), R(I), R(END), 0 },
    { IF, R(FLAG), 0, 0, 4 },
    { LOAD, R(I), 0, 0, 2 },
    { FETCH, R(BYTE), R(I), 0, 0 },                 // 9: the next candidate
    { IFNOT, R(BYTE), 0, 0, 20 },
    { ADD, R(COUNT), R(COUNT), R(ONE), 0 },
    { MULTIPLY, R(J), R(I), R(I), 0 },
    { JUMP, 0, 0, 0, 17 },
    { LOAD, R(BYTE), 0, 0, 0 },                     // 14: a multiple
    { STORE, R(J), R(BYTE), 0, 0 },
    { ADD, R(J), R(J), R(I), 0 },
    { LESS, R(FLAG), R(J), R(END), 0 },             // 17
    { IF, R(FLAG), 0, 0, 14 },
    { MOVE, R(FLAG), R(COUNT), 0, 0 },
    { ADDI, R(I), R(I), 0, 1 },                     // 20
    { LESS, R(FLAG), R(I), R(END), 0 },
    { IF, R(FLAG), 0, 0, 9 },
    { STOP, R(COUNT), 0, 0, 0 },
};

static uint8_t cells[LIMIT];

#define LOAD_BODY r[p->a] = p->constant
#define ADD_BODY r[p->a] = r[p->b] + r[p->c]
#define ADDI_BODY r[p->a] = r[p->b] + p->constant
#define LESS_BODY r[p->a] = r[p->b] < r[p->c]
#define MOVE_BODY r[p->a] = r[p->b]
#define FETCH_BODY r[p->a] = cells[r[p->b]]
#define STORE_BODY cells[r[p->a]] = (uint8_t)r[p->b]
#define MULTIPLY_BODY r[p->a] = r[p->b] * r[p->c]

static NOINLINE int64_t by_goto(const struct code *p)
{
    static const void *const labels[] = { &&load, &&add, &&addi, &&less, &&move, &&fetch, &&store, &&if_, &&ifnot, &&jump, &&multiply, &&stop };
    int64_t r[8] = { 0 };
#define NEXT goto *labels[(++p)->op]
#define GO goto *labels[p->op]
    GO;
load: LOAD_BODY; NEXT;
add: ADD_BODY; NEXT;
addi: ADDI_BODY; NEXT;
less: LESS_BODY; NEXT;
move: MOVE_BODY; NEXT;
fetch: FETCH_BODY; NEXT;
store: STORE_BODY; NEXT;
if_: if (r[p->a]) { p = program + p->constant; GO; } NEXT;
ifnot: if (!r[p->a]) { p = program + p->constant; GO; } NEXT;
jump: p = program + p->constant; GO;
multiply: MULTIPLY_BODY; NEXT;
stop: return r[p->a];
}

static NOINLINE int64_t by_switch(const struct code *p)
{
    int64_t r[8] = { 0 };
    for (;; p++) {
        switch (p->op) {
        case LOAD: LOAD_BODY; break;
        case ADD: ADD_BODY; break;
        case ADDI: ADDI_BODY; break;
        case LESS: LESS_BODY; break;
        case MOVE: MOVE_BODY; break;
        case FETCH: FETCH_BODY; break;
        case STORE: STORE_BODY; break;
        case IF: if (r[p->a]) p = program + p->constant - 1; break;
        case IFNOT: if (!r[p->a]) p = program + p->constant - 1; break;
        case JUMP: p = program + p->constant - 1; break;
        case MULTIPLY: MULTIPLY_BODY; break;
        default: return r[p->a];
        }
    }
}

uint64_t run_bytecode(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) sum = combine(sum, (uint64_t)by_goto(program));
    return sum;
}

uint64_t run_switching(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) sum = combine(sum, (uint64_t)by_switch(program));
    return sum;
}

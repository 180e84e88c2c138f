// Calls, returns and indirect jumps.
#include "bench.h"

static NOINLINE uint64_t fib(uint64_t n)
{
    if (n < 2) return n;
    // Both calls stay calls.
    uint64_t one = fib(n - 1), two = fib(n - 2);
    KEEP(two);
    return one + two;
}

uint64_t run_fib(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) sum = combine(sum, fib(22));
    return sum;
}

static NOINLINE int64_t tak(int64_t x, int64_t y, int64_t z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

uint64_t run_tak(uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) sum = combine(sum, (uint64_t)tak(18 + (i & 3), 12, 6));
    return sum;
}

#define FUNCTION(number, expression) static NOINLINE uint64_t function##number(uint64_t x) { return expression; }
FUNCTION(0, x + 1)
FUNCTION(1, x ^ 0x5555)
FUNCTION(2, x * 3)
FUNCTION(3, x >> 1 ^ x)
FUNCTION(4, x - 77)
FUNCTION(5, ~x)
FUNCTION(6, x << 3 | x >> 61)
FUNCTION(7, x | 0x100)
FUNCTION(8, x * 5 + 1)
FUNCTION(9, x ^ x >> 7)
FUNCTION(10, x + 0x12345)
FUNCTION(11, -x)
FUNCTION(12, x & ~0x40u)
FUNCTION(13, x + (x << 9))
FUNCTION(14, x ^ 0xff00ff)
FUNCTION(15, x - (x >> 3))

uint64_t run_dispatch(uint64_t count)
{
    static uint64_t (*const functions[16])(uint64_t) = {
        function0, function1, function2, function3, function4, function5, function6, function7,
        function8, function9, function10, function11, function12, function13, function14, function15,
    };
    uint64_t seed = 5, value = 1;
    while (count-- > 0) value = functions[next_random(&seed) >> 33 & 15](value);
    return value;
}

struct shape;

struct methods {
    int64_t (*area)(const struct shape *);
    void (*grow)(struct shape *, int64_t);
};

struct shape { const struct methods *methods; int64_t width, height; };

static int64_t rectangle_area(const struct shape *s) { return s->width * s->height; }
static int64_t triangle_area(const struct shape *s) { return s->width * s->height / 2; }
static int64_t disc_area(const struct shape *s) { return s->width * s->width * 355 / 113; }
static int64_t line_area(const struct shape *s) { return s->width & 1; }
static int64_t frame_area(const struct shape *s) { return 2 * (s->width + s->height); }
static void grow_width(struct shape *s, int64_t by) { s->width = (s->width + by) & 1023; }
static void grow_height(struct shape *s, int64_t by) { s->height = (s->height + by) & 1023; }

uint64_t run_shapes(uint64_t count)
{
    enum { SHAPES = 1000 };
    static const struct methods kinds[5] = {
        { rectangle_area, grow_width }, { triangle_area, grow_height }, { disc_area, grow_width }, { line_area, grow_height }, { frame_area, grow_width },
    };
    static struct shape shapes[SHAPES];
    uint64_t seed = 11, sum = 0;
    for (int i = 0; i < SHAPES; i++) {
        shapes[i].methods = &kinds[next_random(&seed) % 5];
        shapes[i].width = i;
        shapes[i].height = SHAPES - i;
    }
    while (count-- > 0) {
        int64_t total = 0;
        for (int i = 0; i < SHAPES; i++) {
            struct shape *s = &shapes[i];
            total += s->methods->area(s);
            s->methods->grow(s, total & 7);
        }
        sum = combine(sum, (uint64_t)total);
    }
    return sum;
}

// Two chains of small functions, each link in a page of its own: returns and calls across pages.
#define LINK(name, next, amount) \
    static __attribute__((noinline, noclone, aligned(4096))) uint64_t name(uint64_t x) { uint64_t y = next(x + amount); KEEP(y); return y ^ amount; }
static __attribute__((noinline, noclone, aligned(4096))) uint64_t last_link(uint64_t x) { return x * 9; }
LINK(link11, last_link, 11)
LINK(link10, link11, 10)
LINK(link9, link10, 9)
LINK(link8, link9, 8)
LINK(link7, link8, 7)
LINK(link6, link7, 6)
LINK(link5, link6, 5)
LINK(link4, link5, 4)
LINK(link3, link4, 3)
LINK(link2, link3, 2)
LINK(link1, link2, 1)

uint64_t run_chain(uint64_t count)
{
    uint64_t value = 1;
    while (count-- > 0) value = link1(value) >> 1;
    return value;
}

// Scalar floating point. Compiled without contraction, so that checksums agree between machines; horner has the fused operations.
#include "bench.h"
#include <math.h>

struct body { double x, y, z, vx, vy, vz, mass; };

static void advance(struct body *bodies, int number, double dt)
{
    for (int i = 0; i < number; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < number; j++) {
            struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz, strength = dt / (square * sqrt(square));
            a->vx -= dx * b->mass * strength;
            a->vy -= dy * b->mass * strength;
            a->vz -= dz * b->mass * strength;
            b->vx += dx * a->mass * strength;
            b->vy += dy * a->mass * strength;
            b->vz += dz * a->mass * strength;
        }
    }
    for (int i = 0; i < number; i++) {
        struct body *a = &bodies[i];
        a->x += dt * a->vx;
        a->y += dt * a->vy;
        a->z += dt * a->vz;
    }
}

uint64_t run_nbody(uint64_t count)
{
    struct body bodies[5] = {
        { 0, 0, 0, 0, 0, 0, 39.5 },
        { 4.8, -1.2, -0.1, 0.6, 2.8, -0.02, 0.038 },
        { 8.3, 4.1, -0.4, -1.0, 1.8, 0.008, 0.011 },
        { 12.9, -15.1, -0.22, 1.1, 0.87, -0.01, 0.0017 },
        { 15.4, -25.9, 0.18, 0.98, 0.59, -0.03, 0.002 },
    };
    uint64_t sum = 0;
    while (count-- > 0) advance(bodies, 5, 0.01);
    for (int i = 0; i < 5; i++) sum = combine(combine(sum, bits_of(bodies[i].x)), bits_of(bodies[i].vz));
    return sum;
}

uint64_t run_mandelbrot(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0)
        for (int py = 0; py < 64; py++)
            for (int px = 0; px < 64; px++) {
                double cx = px / 26.0 - 2.0 + count * 1e-6, cy = py / 28.0 - 1.1, x = 0, y = 0;
                int steps = 0;
                while (steps < 100 && x * x + y * y < 4) {
                    double next = x * x - y * y + cx;
                    y = 2 * x * y + cy;
                    x = next;
                    steps++;
                }
                sum += steps * (px + 1);
            }
    return sum;
}

enum { VECTOR = 100 };

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static NOINLINE void multiply(const double *from, double *to, int transposed)
{
    for (int i = 0; i < VECTOR; i++) {
        double dot = 0;
        for (int j = 0; j < VECTOR; j++) dot += (transposed ? element(j, i) : element(i, j)) * from[j];
        to[i] = dot;
    }
}

uint64_t run_spectral(uint64_t count)
{
    double u[VECTOR], v[VECTOR], t[VECTOR], uv = 0, vv = 0;
    for (int i = 0; i < VECTOR; i++) u[i] = 1;
    while (count-- > 0) {
        multiply(u, t, 0);
        multiply(t, v, 1);
        multiply(v, t, 0);
        multiply(t, u, 1);
        // The vectors would grow for ever.
        double scale = 1 / u[0];
        for (int i = 0; i < VECTOR; i++) u[i] *= scale;
    }
    for (int i = 0; i < VECTOR; i++) {
        uv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    return combine(bits_of(uv), bits_of(sqrt(uv / vv)));
}

uint64_t run_matmul(uint64_t count)
{
    enum { ORDER = 160 };
    static double a[ORDER][ORDER], b[ORDER][ORDER], c[ORDER][ORDER];
    uint64_t sum = 0;
    for (int i = 0; i < ORDER; i++)
        for (int j = 0; j < ORDER; j++) {
            a[i][j] = (i - j) / 7.0;
            b[i][j] = (i + 2 * j) / 11.0;
        }
    while (count-- > 0) {
        for (int i = 0; i < ORDER; i++)
            for (int j = 0; j < ORDER; j++) {
                double dot = 0;
                for (int k = 0; k < ORDER; k++) dot += a[i][k] * b[k][j];
                c[i][j] = dot;
            }
        a[count % ORDER][7] = c[9][count % ORDER] * 1e-6;
        sum = combine(sum, bits_of(c[count % ORDER][5]));
    }
    return sum;
}

uint64_t run_fir(uint64_t count)
{
    enum { SAMPLES = 4096, TAPS = 64 };
    static float input[SAMPLES + TAPS], output[SAMPLES], taps[TAPS];
    uint64_t sum = 0;
    for (int i = 0; i < SAMPLES + TAPS; i++) input[i] = (float)(i * 37 % 201 - 100) / 100;
    for (int i = 0; i < TAPS; i++) taps[i] = (float)(TAPS - i) / (TAPS * TAPS);
    while (count-- > 0) {
        for (int i = 0; i < SAMPLES; i++) {
            float value = 0;
            for (int j = 0; j < TAPS; j++) value += taps[j] * input[i + j];
            output[i] = value;
        }
        for (int i = 0; i < SAMPLES; i++) {
            input[i] = input[i] * 0.5f + output[i];
            sum += (int64_t)(output[i] * 1000);
        }
    }
    return sum;
}

uint64_t run_horner(uint64_t count)
{
    static const double factors[12] = { 1, 1, 0.5, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 2.5e-5, 2.7e-6, 2.7e-7, 2.5e-8 };
    double x = 0.1, total = 0;
    float small = 0;
    while (count-- > 0) {
        double value = factors[11];
        for (int i = 10; i >= 0; i--) value = fma(value, x, factors[i]);
        total = fma(-value, 0.001, total);
        small = fmaf((float)value, 0.25f, -small);
        x = value > 2.5 ? 0.01 : x + 0.001;
    }
    return combine(bits_of(total), bits_of(small));
}

uint64_t run_convert(uint64_t count)
{
    uint64_t seed = 71, sum = 0;
    double lowest = 1e300, total = 0;
    while (count-- > 0) {
        uint64_t bits = next_random(&seed);
        double value = (double)(int64_t)bits / 3, small = (double)(int32_t)bits;
        float single = (float)(uint32_t)(bits >> 20);
        lowest = value < lowest ? value : lowest;
        total += copysign(small, value) * (fabs(single) > small);
        sum += (uint64_t)(int64_t)(small * 0.75) ^ (uint32_t)(int32_t)(single * 0.25f);
    }
    return combine(combine(sum, bits_of(lowest)), bits_of(total));
}

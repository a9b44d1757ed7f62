/* The company of benchmarks/subset.toml by hand, as fast as plain C gets it on one core without fastmath.
 *
 * Compiled at run time (peers/subset_c.py) with -O3 -march=native; every loop is written so that a compiler does several paths at
 * a time. A block of BLOCK paths goes through all months while its rows stay in cache. The random numbers are those of the engine:
 * Philox4x32-10 with counter (path, month div 4, stream) and the inverse normal AS 241, its tail only for the paths that
 * are in the tail. So paths end in the same months, up to rounding.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef BLOCK
#define BLOCK 512
#endif
#define MONTHS 1024 /* at most */
#define TOLERANCE 1e-9
#define LANES for (int i = 0; i < BLOCK; i++)

enum { LEVEL, GROWTH, DEVIATION, SIZE, ARRIVAL, SUCCESS, STREAMS };
enum { CASH, SHADOW, ALIVE, ARREARS, RECEIPTS, PAID, RAISED, RUN_RATE, PRICE, REVENUE, INTEREST, COLLECTED, VARIABLE, COMMITTED, SPOT, METRICS };
enum { END_MONTH, CAUSE, SHADOW_BREACH, FIRST_BREACH, LAST_CASH, LAST_ARREARS, PEAK, LOWEST, LOWEST_MONTH, YEAR_FLOW, LAST_SHADOW, WON, FAILED, RAISED_IN_ALL, COLUMNS };

struct company {
    double cash, interest, floor, run_rate, growth, long_run, keep_growth, growth_step, level_drift, level_step;
    double now, drift, phi, sd, variable, spot, rate, odds, size_mean, size_sd;
    double mix[4][4];
    double commitment[MONTHS];
    uint32_t seed[2], stream[STREAMS];
};

typedef double row[BLOCK + 8] __attribute__((aligned(64))); /* a power of two apart they would share cache sets */

static inline double exponential(double x) {
    const double magic = 6755399441055744.0;
    double shifted = x * 1.4426950408889634 + magic, k = shifted - magic;
    double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4; /* Estrin: short chains */
    double p01 = 1.0 + r, p23 = 0.5 + r * (1.0 / 6), p45 = 1.0 / 24 + r * (1.0 / 120), p67 = 1.0 / 720 + r * (1.0 / 5040);
    double p89 = 1.0 / 40320 + r * (1.0 / 362880), pab = 1.0 / 3628800 + r * (1.0 / 39916800);
    double y = (p01 + r2 * p23) + r4 * (p45 + r2 * p67) + r8 * (p89 + r2 * pab);
    int64_t bits, power;
    memcpy(&bits, &y, 8);
    memcpy(&power, &shifted, 8);
    bits += (int64_t)((uint64_t)power << 52);
    memcpy(&y, &bits, 8);
    return y; /* arguments stay within +-700 */
}

static inline double logarithm(double x) {
    const double magic = 6755399441055744.0;
    int64_t bits, whole;
    memcpy(&bits, &x, 8);
    /* the exponent by a 32-bit shift of the high word: 64-bit arithmetic shifts are scalar in AVX2 */
    int64_t biased = (int64_t)((uint64_t)(bits - 0x3FE6A09E00000000) + 0x4000000000000000) ;
    uint64_t e = ((uint64_t)biased >> 52); /* exponent + 1024 */
    bits -= (int64_t)((e - 1024) << 52);
    double m;
    memcpy(&m, &bits, 8);
    memcpy(&whole, &magic, 8);
    whole += (int64_t)e;
    double exponent;
    memcpy(&exponent, &whole, 8);
    exponent = exponent - magic - 1024.0;
    double f = m - 1.0, s = f / (2.0 + f), z = s * s;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    double half = 0.5 * f * f;
    return exponent * 6.93147180369123816490e-01 - ((half - (s * (half + p * z) + exponent * 1.90821492927058770002e-10)) - f);
}

#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u
#define WEYL_1 0xBB67AE85u

#ifdef __AVX2__
#include <immintrin.h>
/* Each word in the low half of a 64-bit lane, where the multiplier takes it from; what stands above it does no harm. Four paths a
 * vector, four vectors at a time to hide the multiplier's latency. */
#define VECTORS 4
static void philox(const struct company *c, int stream, uint64_t first, uint32_t quarter, uint32_t (*restrict words)[BLOCK + 16]) {
    const __m256i m0 = _mm256_set1_epi64x(MULTIPLIER_0), m1 = _mm256_set1_epi64x(MULTIPLIER_1);
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    for (int i = 0; i < BLOCK; i += 4 * VECTORS) {
        __m256i x[4][VECTORS];
        for (int v = 0; v < VECTORS; v++) {
            x[0][v] = _mm256_add_epi64(_mm256_set1_epi64x((long long)(first + (uint64_t)i + 4 * (uint64_t)v)), _mm256_setr_epi64x(0, 1, 2, 3));
            x[1][v] = _mm256_srli_epi64(x[0][v], 32);
            x[2][v] = _mm256_set1_epi64x(quarter);
            x[3][v] = _mm256_set1_epi64x(c->stream[stream]);
        }
        uint32_t k0 = c->seed[0], k1 = c->seed[1];
        for (int round = 0; round < 10; round++) {
            const __m256i key_0 = _mm256_set1_epi64x(k0), key_1 = _mm256_set1_epi64x(k1);
            for (int v = 0; v < VECTORS; v++) {
                __m256i p = _mm256_mul_epu32(x[0][v], m0), q = _mm256_mul_epu32(x[2][v], m1);
                x[0][v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(q, 32), key_0), x[1][v]);
                x[2][v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p, 32), key_1), x[3][v]);
                x[1][v] = q;
                x[3][v] = p;
            }
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        for (int w = 0; w < 4; w++)
            for (int v = 0; v < VECTORS; v++)
                _mm_storeu_si128((__m128i *)(words[w] + i + 4 * v), _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(x[w][v], order)));
    }
}
#else
static void philox(const struct company *c, int stream, uint64_t first, uint32_t quarter, uint32_t (*restrict words)[BLOCK + 16]) {
    uint32_t *restrict a = words[0], *restrict b = words[1], *restrict d = words[2], *restrict e = words[3];
    LANES {
        uint64_t path = first + (uint64_t)i;
        uint32_t x0 = (uint32_t)path, x1 = (uint32_t)(path >> 32), x2 = quarter, x3 = c->stream[stream];
        uint32_t k0 = c->seed[0], k1 = c->seed[1];
        for (int round = 0; round < 10; round++) {
            uint64_t p = (uint64_t)x0 * MULTIPLIER_0, q = (uint64_t)x2 * MULTIPLIER_1;
            uint32_t y0 = (uint32_t)(q >> 32) ^ x1 ^ k0, y2 = (uint32_t)(p >> 32) ^ x3 ^ k1;
            x1 = (uint32_t)q;
            x3 = (uint32_t)p;
            x0 = y0;
            x2 = y2;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        a[i] = x0;
        b[i] = x1;
        d[i] = x2;
        e[i] = x3;
    }
}
#endif

static inline double uniform(uint32_t word) {
    /* a word in the mantissa of 2^52: no conversion of unsigned integers, which AVX2 does not have */
    uint64_t bits = 0x4330000000000000u | word;
    double x;
    memcpy(&x, &bits, 8);
    return (x - 4503599627370496.0 + 0.5) * 2.3283064365386963e-10;
}

static void normals(const uint32_t *restrict word, double *restrict z) {
    int where[BLOCK], n = 0;
    row p, t;
    LANES {
        double q = uniform(word[i]) - 0.5, r = 0.180625 - q * q;
        double top = ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0;
        double bottom = ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r + 4.2313330701600911252e1) * r + 1.0;
        z[i] = q * top / bottom;
    }
    const uint32_t low = 322122547u, inside = 3650722202u; /* |q| <= 0.425 */
    LANES {
        where[n] = i;
        n += word[i] - low > inside;
    }
    for (int j = 0; j < n; j++) {
        double u = uniform(word[where[j]]);
        p[j] = u < 0.5 ? u : 1.0 - u;
    }
    for (int j = 0; j < n; j++) {
        double r = sqrt(-logarithm(p[j])) - 1.6;
        double top = ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0) * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0;
        double bottom = ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r + 2.05319162663775882187e0) * r + 1.0;
        t[j] = top / bottom;
    }
    for (int j = 0; j < n; j++)
        z[where[j]] = word[where[j]] < 0x80000000u ? -t[j] : t[j];
}

static void uniforms(const uint32_t *restrict word, double *restrict u) {
    LANES u[i] = uniform(word[i]);
}

/* Sums, sixteen at a time: a compiler must not reorder one sum. */
#define SUMS 16
static void measure(const double *restrict x, int used, double *restrict sums) {
    double first[SUMS] = {0}, second[SUMS] = {0};
    int i = 0;
    for (; i + SUMS <= used; i += SUMS)
        for (int j = 0; j < SUMS; j++) {
            first[j] += x[i + j];
            second[j] += x[i + j] * x[i + j];
        }
    for (; i < used; i++) {
        first[0] += x[i];
        second[0] += x[i] * x[i];
    }
    for (int width = SUMS / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++) {
            first[j] += first[j + width];
            second[j] += second[j + width];
        }
    sums[0] += first[0];
    sums[1] += second[0];
}

struct state {
    row run_rate, growth, deviation, metric[METRICS], column[COLUMNS], z[4], u[2], won;
};

static void month_of_drivers(const struct company *c, struct state *restrict s, int month, double variance) {
    const double(*mix)[4] = c->mix;
    const double *restrict z0 = s->z[0], *restrict z1 = s->z[1], *restrict z2 = s->z[2], *restrict z3 = s->z[3];
    double *restrict run_rate = s->run_rate, *restrict growth = s->growth, *restrict deviation = s->deviation;
    double *restrict price = s->metric[PRICE], *restrict size = s->won;
    double *restrict billed = s->metric[REVENUE];
    const double long_run = c->long_run, keep = c->keep_growth, step = c->growth_step, drift = c->level_drift, sd = c->level_step;
    const double forward = c->drift * month - 0.5 * variance;
    LANES {
        double x0 = mix[0][0] * z0[i], x1 = mix[1][0] * z0[i] + mix[1][1] * z1[i];
        double g = growth[i], r = run_rate[i] * exponential((g - drift) * (1.0 / 12.0) + sd * x0);
        growth[i] = long_run + keep * (g - long_run) + step * x1;
        run_rate[i] = r;
        billed[i] = r * (1.0 / 12.0);
    }
    LANES {
        double x2 = mix[2][0] * z0[i] + mix[2][1] * z1[i] + mix[2][2] * z2[i];
        double d = c->phi * deviation[i] + c->sd * x2;
        deviation[i] = d;
        price[i] = c->now * exponential(forward + d);
    }
    LANES {
        double x3 = mix[3][0] * z0[i] + mix[3][1] * z1[i] + mix[3][2] * z2[i] + mix[3][3] * z3[i];
        size[i] = exponential(c->size_mean + c->size_sd * x3);
    }
}

static void month_of_money(const struct company *c, struct state *restrict s, int month, double grown) {
    const double *restrict price = s->metric[PRICE], *restrict billed = s->metric[REVENUE];
    const double *restrict arrival = s->u[0], *restrict success = s->u[1], *restrict size = s->won;
    double *restrict cash = s->metric[CASH], *restrict shadow = s->metric[SHADOW], *restrict alive = s->metric[ALIVE];
    double *restrict arrears = s->metric[ARREARS], *restrict receipts = s->metric[RECEIPTS], *restrict paid = s->metric[PAID];
    double *restrict raised = s->metric[RAISED], *restrict interest = s->metric[INTEREST];
    double *restrict collected = s->metric[COLLECTED], *restrict variable = s->metric[VARIABLE];
    double *restrict committed = s->metric[COMMITTED], *restrict spot = s->metric[SPOT];
    double *restrict end_month = s->column[END_MONTH], *restrict cause = s->column[CAUSE];
    double *restrict unfunded = s->column[SHADOW_BREACH], *restrict breach = s->column[FIRST_BREACH];
    double *restrict peak = s->column[PEAK], *restrict low = s->column[LOWEST], *restrict low_month = s->column[LOWEST_MONTH];
    double *restrict year = s->column[YEAR_FLOW], *restrict won = s->column[WON], *restrict failed = s->column[FAILED];
    double *restrict raised_in_all = s->column[RAISED_IN_ALL];
    const double now = month, due = c->commitment[month], floor = c->floor, rate = c->interest;
    const double discount = 1.0 / grown;
    const double of_year = month <= 12 ? 1.0 : 0.0;
    LANES {
        double a = end_month[i] == 0.0 ? 1.0 : 0.0, was = cash[i], money = was > 0.0 ? was : 0.0;
        double variable_now = c->variable * billed[i], spot_now = c->spot * price[i];
        double flow = billed[i] - variable_now - due - spot_now;
        double chance = arrival[i] < c->rate ? a : 0.0, closed = success[i] < c->odds ? chance : 0.0;
        double raise = closed * size[i], earned = a * money * rate;
        alive[i] = a;
        won[i] += closed;
        failed[i] += chance - closed;
        raised[i] = raise;
        raised_in_all[i] += raise;
        interest[i] = earned;
        collected[i] = a * billed[i];
        variable[i] = a * variable_now;
        committed[i] = a * due;
        spot[i] = a * spot_now;
        receipts[i] = a * billed[i] + earned + raise;
        double other = shadow[i] * (1.0 + rate) + flow;
        shadow[i] = other;
        year[i] += of_year * flow;
        double need = (floor - other) * discount;
        peak[i] = need > peak[i] ? need : peak[i];
    }
    LANES {
        double a = alive[i], was = cash[i];
        double owed = variable[i] + committed[i] + spot[i], available = was + receipts[i];
        double payment = owed < available ? owed : available;
        double left = a * (owed - payment), after = a > 0.0 ? available - payment : was;
        double covenant = floor - TOLERANCE * (floor + owed);
        double missed = left > TOLERANCE * owed ? 1.0 : 0.0, below = after < covenant ? a : 0.0;
        double code = missed > 0.0 ? 2.0 : 3.0 * below;
        paid[i] = a * payment;
        arrears[i] = a > 0.0 ? left : arrears[i];
        cash[i] = after;
        end_month[i] = code > 0.0 ? now : end_month[i];
        cause[i] = code > 0.0 ? code : cause[i];
        breach[i] = breach[i] == 0.0 && below > 0.0 ? now : breach[i];
        unfunded[i] = unfunded[i] == 0.0 && shadow[i] < covenant ? now : unfunded[i];
        double lower = after < low[i] ? a : 0.0;
        low[i] = lower > 0.0 ? after : low[i];
        low_month[i] = lower > 0.0 ? now : low_month[i];
    }
}

/* `columns` (COLUMNS, count), `sums` (months + 1, METRICS, 2), `kept` (3, months + 1, count). `without`: stages left out to learn
 * what each costs, a bit for each (words, normals and uniforms, drivers, money, statistics); 0 for answers. */
void run(const struct company *c, int64_t first, int64_t count, int months, double *columns, double *sums, double *kept, int without) {
    static __thread struct state s;
    static __thread uint32_t words[STREAMS][4][BLOCK + 16];
    for (int64_t start = 0; start < count; start += BLOCK) {
        int used = count - start < BLOCK ? (int)(count - start) : BLOCK;
        double variance = 0.0, grown = 1.0;
        memset(s.metric, 0, sizeof s.metric);
        memset(s.column, 0, sizeof s.column);
        LANES {
            s.run_rate[i] = s.metric[RUN_RATE][i] = c->run_rate;
            s.growth[i] = c->growth;
            s.deviation[i] = 0.0;
            s.metric[CASH][i] = s.metric[SHADOW][i] = c->cash;
            s.metric[ALIVE][i] = 1.0;
            s.metric[PRICE][i] = c->now;
            s.metric[REVENUE][i] = c->run_rate / 12.0;
            s.column[LOWEST][i] = INFINITY;
        }
        for (int month = 0; month <= months; month++) {
            if (month > 0) {
                if ((month % 4 == 0 || month == 1) && !(without & 1))
                    for (int k = 0; k < STREAMS; k++)
                        philox(c, k, (uint64_t)(first + start), (uint32_t)month / 4, words[k]);
                if (!(without & 2)) {
                    for (int k = 0; k < 4; k++)
                        normals(words[k][month % 4], s.z[k]);
                    for (int k = 0; k < 2; k++)
                        uniforms(words[ARRIVAL + k][month % 4], s.u[k]);
                }
                variance = c->phi * c->phi * variance + c->sd * c->sd;
                grown *= 1.0 + c->interest;
                if (!(without & 4))
                    month_of_drivers(c, &s, month, variance);
                if (!(without & 8))
                    month_of_money(c, &s, month, grown);
            }
            if (!(without & 16)) {
                for (int k = 0; k < METRICS; k++)
                    measure(k == RUN_RATE ? s.run_rate : s.metric[k], used, sums + 2 * (METRICS * month + k));
                const double *rows[3] = {s.metric[CASH], s.run_rate, s.metric[PRICE]};
                for (int k = 0; k < 3; k++)
                    memcpy(kept + ((int64_t)k * (months + 1) + month) * count + start, rows[k], sizeof(double) * (size_t)used);
            }
        }
        memcpy(s.column[LAST_CASH], s.metric[CASH], sizeof(row));
        memcpy(s.column[LAST_ARREARS], s.metric[ARREARS], sizeof(row));
        memcpy(s.column[LAST_SHADOW], s.metric[SHADOW], sizeof(row));
        for (int k = 0; k < COLUMNS; k++)
            memcpy(columns + k * count + start, s.column[k], sizeof(double) * (size_t)used);
    }
}

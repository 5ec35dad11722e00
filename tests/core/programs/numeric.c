/* SPDX-License-Identifier: Apache-2.0
 * What a compiler makes of floating point code: filters, transforms, conversions, comparisons,
 * every rounding mode, subnormal numbers, NaNs. */
#include "support.h"
#include <math.h>
#include <string.h>

static void mix_single(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    mix(word);
}

static void mix_double(double value)
{
    uint32_t words[2];
    memcpy(words, &value, sizeof words);
    mix(words[0]);
    mix(words[1]);
}

static float random_single(uint32_t *state)
{
    const uint32_t word = random32(state);
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static void filter(uint32_t *state)
{
    static float taps[32], input[64], output[33], z[2];
    for (int i = 0; i < 64; i++) {
        input[i] = (float)(int32_t)random32(state) * 0x1p-31f;
    }
    for (int i = 0; i < 32; i++) {
        taps[i] = 1.0f / (float)(i + 3) - 0.05f * (float)(i & 3);
    }
    for (int n = 0; n < 33; n++) {
        float sum = 0.0f;
        for (int k = 0; k < 32; k++) {
            sum += taps[k] * input[n + k];
        }
        const float y = sum + z[0];
        z[0] = z[1] - 0.4f * y + 0.3f * sum;
        z[1] = 0.2f * sum - 0.1f * y;
        output[n] = fmaf(y, 0.5f, -sum);
        mix_single(output[n]);
    }
}

static void transform(void)
{
    static float re[16], im[16];
    for (int i = 0; i < 16; i++) {
        re[i] = (float)((i * 37) % 11) - 5.0f;
        im[i] = 0.0f;
    }
    for (int half = 8; half; half >>= 1) {
        for (int base = 0; base < 16; base += 2 * half) {
            for (int i = 0; i < half; i++) {
                const float angle = -3.14159265f * (float)i / (float)half;
                const float c = cosf(angle), s = sinf(angle);
                const int p = base + i, q = p + half;
                const float x = re[p] - re[q], y = im[p] - im[q];
                re[p] += re[q];
                im[p] += im[q];
                re[q] = x * c - y * s;
                im[q] = x * s + y * c;
            }
        }
    }
    for (int i = 0; i < 16; i++) {
        mix_single(sqrtf(re[i] * re[i] + im[i] * im[i]));
    }
}

__attribute__((noinline)) static uint32_t compare(float x, float y)
{
    return (uint32_t)(x < y) | (uint32_t)(x <= y) << 1 | (uint32_t)(x == y) << 2
         | (uint32_t)(x != y) << 3 | (uint32_t)(isunordered(x, y) ? 1 : 0) << 4;
}

static void conversions(uint32_t *state)
{
    for (int i = 0; i < 40; i++) {
        const float x = random_single(state), y = random_single(state);
        mix(compare(x, y));
        mix(compare(x, x));
        mix_single(x > y ? x : y);
        mix_single(fmaxf(x, y));
        mix_single(fabsf(x) - y);
        mix_double((double)x * 0.1);
        mix_single((float)((double)x / 3.0));
        const float small = (float)(int32_t)random32(state) * 0x1p-20f;
        mix((uint32_t)(int32_t)small);
        mix((uint32_t)fabsf(small));
        mix_single(floorf(small) + ceilf(small) * 3.0f + truncf(small) + roundf(small)
                   + rintf(small));
        mix_double(floor((double)small) - rint((double)small * 0.5));
        mix_single((float)(uint64_t)(fabsf(small) * 1e6f));
        mix_double((double)random32(state) / (double)(int32_t)(random32(state) | 1));
        mix_double(fma((double)small, 1.0 / 3.0, (double)x));
        mix_double(sqrt(fabs((double)x)));
    }
}

#if defined __ARM_FP
static void set_status(uint32_t value)
{
    __asm__ volatile("vmsr fpscr, %0" : : "r"(value) : "memory");
}

static uint32_t status(void)
{
    uint32_t value;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(value) : : "memory");
    return value;
}

#define FIXED(instruction, value) \
    __extension__({ float v_ = (value); \
        __asm__ volatile(instruction : "+t"(v_)); v_; })

static void modes(uint32_t *state)
{
    for (uint32_t mode = 0; mode < 32; mode++) {
        set_status(mode << 22);
        for (int i = 0; i < 16; i++) {
            volatile float x = random_single(state), y = random_single(state);
            mix_single(x + y);
            mix_single(x * y);
            mix_single(x / y);
            mix_single(sqrtf(fabsf(x)) - y);
            mix_single(x - x * 0.99f);
            mix_single(x * 0x1p-120f * y);
            mix_single((float)(int32_t)random32(state));
            mix_single((float)random32(state));
            mix_single(FIXED("vcvt.f32.s32 %0, %0, #7", x));
            mix_single(FIXED("vcvt.f32.u16 %0, %0, #13", y));
            mix_single(FIXED("vcvt.s32.f32 %0, %0, #5", x * 0x1p-60f));
            mix_single(FIXED("vcvt.u16.f32 %0, %0, #9", y));
            mix_single(FIXED("vcvtb.f16.f32 %0, %0", x));
            mix_single(FIXED("vcvtt.f32.f16 %0, %0", y));
            mix_single(FIXED("vcvtr.s32.f32 %0, %0", x * 0x1p-40f));
        }
        mix(status());
    }
    set_status(0);
}
#endif

void run(void)
{
    uint32_t state = 99;
    filter(&state);
    transform();
    conversions(&state);
#if defined __ARM_FP
    modes(&state);
#endif
}

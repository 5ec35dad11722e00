/* SPDX-License-Identifier: Apache-2.0
 * Digital filters; the DSP extension by intrinsics where the core has it. */
#include "support.h"
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#endif

static int16_t signal[128];

static void filter(void)
{
    static const int16_t taps[8] = {1200, -3400, 5600, 32000, -32000, -5600, 3400, -1200};
    for (int n = 8; n < 128; n++) {
        int32_t sum = 0;
        int64_t wide = 0;
        for (int k = 0; k < 8; k++) {
            sum += signal[n - k] * taps[k];
            wide += (int64_t)sum * taps[k];
        }
        mix((uint32_t)sum);
        mix((uint32_t)(wide >> 20));
    }
}

#ifdef __ARM_FEATURE_DSP
static void intrinsics(uint32_t x, uint32_t y, uint32_t z)
{
    const int16x2_t a = (int16x2_t)x, b = (int16x2_t)y;
    mix((uint32_t)__smlad(a, b, (int32_t)z) + (uint32_t)__smuadx(a, b));
    mix((uint32_t)__smlsd(a, b, (int32_t)z) + (uint32_t)__smusdx(a, b));
    mix((uint32_t)(__smlald(a, b, (int64_t)z << 16) >> 7));
    mix((uint32_t)(__smlsldx(a, b, (int64_t)z << 16) >> 3));
    mix((uint32_t)__qadd((int32_t)x, (int32_t)y) ^ (uint32_t)__qsub((int32_t)y, (int32_t)z));
    mix((uint32_t)__qadd16(a, b) ^ (uint32_t)__shsub8((int8x4_t)x, (int8x4_t)y));
    mix((uint32_t)__uqadd8(x, y) + (uint32_t)__uhadd16(x, y) + (uint32_t)__uasx(x, y));
    mix(__sel((uint8x4_t)__sadd8((int8x4_t)x, (int8x4_t)z), y));
    mix(__sel((uint8x4_t)__usub16(x, z), y));
    mix(__usad8(x, y) + __usada8(x, y, z));
    mix((uint32_t)__sxtab16(a, (int8x4_t)y) + __uxtb16(z));
    mix((uint32_t)__ssat16((int16x2_t)x, 9) + (uint32_t)__usat16((int16x2_t)y, 7));
    mix((uint32_t)__smlabb((int32_t)x, (int32_t)y, 5) + (uint32_t)__smlatt((int32_t)x, (int32_t)z, 9));
    mix((uint32_t)__smlawt((int32_t)x, (int32_t)y, (int32_t)z));
}
#endif

void run(void)
{
    uint32_t state = 4711;
    for (int n = 0; n < 128; n++) {
        signal[n] = (int16_t)random32(&state);
    }
    filter();
#ifdef __ARM_FEATURE_DSP
    for (int n = 0; n < 100; n++) {
        const uint32_t x = random32(&state), y = random32(&state), z = random32(&state);
        intrinsics(x, y, z);
    }
#endif
}

/* SPDX-License-Identifier: Apache-2.0
 * Floating point by the compiler's integer routines, and the mathematics library on it. */
#include "support.h"
#include <math.h>
#include <string.h>

static void mix_double(double value)
{
    uint32_t words[2];
    memcpy(words, &value, sizeof words);
    mix(words[0]);
    mix(words[1]);
}

void run(void)
{
    float single = 1.5f;
    for (int i = 1; i < 25; i++) {
        const double x = i * 0.37 - 3.0;
        mix_double(sin(x) + exp(x) * 0.5);
        mix_double(sqrt(x * x + 1.0) / (x + 0.01));
        mix_double(pow(1.1, x) + log(fabs(x) + 0.5));
        mix((uint32_t)(int32_t)(x * 1000.0));
        single = single * 1.25f - (float)i / 3.0f;
        mix((uint32_t)(int32_t)single);
        mix(single < (float)x);
    }
}

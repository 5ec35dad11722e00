/* SPDX-License-Identifier: MIT-0
 *
 * The detector: when a stream of scores is a keyword (docs/SPEC.md section 5).
 */
#ifndef EDGESNN_DETECTOR_H
#define EDGESNN_DETECTOR_H

#include "edgesnn_base.h"

/* What a step without a detection gives. */
#define EDGESNN_NOTHING (-1)

/* `keyword` is 1 for classes that can be detected. */
struct edgesnn_detector {
    const uint8_t *keyword;
    uint32_t classes;
    uint32_t smoothing;
    int32_t threshold;
    uint16_t refractory;
};

/* The class that leads the smoothed scores by the threshold, plus 1; 0 where none does, or one
 * that is no keyword. Scores have 24 bits, so their differences fit in 32. */
EDGESNN_INLINE uint16_t edgesnn_candidate(const struct edgesnn_detector *detector,
                                          const int32_t *smooth)
{
    int32_t first = INT32_MIN, second = INT32_MIN;
    uint32_t best = 0;
    for (uint32_t each = 0; each < detector->classes; each++) {
        if (smooth[each] > first) {
            second = first;
            first = smooth[each];
            best = each;
        } else if (smooth[each] > second) {
            second = smooth[each];
        }
    }
    const bool leads = first - second >= detector->threshold && detector->keyword[best] != 0;
    return (uint16_t)(leads ? best + 1u : 0u);
}

/* Take the scores of one step; the class detected in it, or EDGESNN_NOTHING. `wait` is what is
 * left of the refractory time, `held` the keyword detected last (plus 1) while it still leads. */
EDGESNN_INLINE int32_t edgesnn_detect(const struct edgesnn_detector *detector,
                                      const int32_t *scores, int32_t *smooth, uint16_t *wait,
                                      uint16_t *held)
{
    for (uint32_t each = 0; each < detector->classes; each++) {
        smooth[each] += (scores[each] - smooth[each]) >> detector->smoothing;
    }
    const uint16_t candidate = edgesnn_candidate(detector, smooth);
    if (candidate != *held) {
        *held = 0;
    }
    if (*wait > 0) {
        *wait = (uint16_t)(*wait - 1u);
        return EDGESNN_NOTHING;
    }
    if (candidate == 0 || *held != 0) {
        return EDGESNN_NOTHING;
    }
    *held = candidate;
    *wait = detector->refractory;
    return (int32_t)candidate - 1;
}

#endif

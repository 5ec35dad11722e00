/* SPDX-License-Identifier: MIT-0
 *
 * Dense rows of a byte a weight, biased to be not negative, and what the events of a step add up
 * to: on words of whole bytes, four weights to an addition, where cores have no better way.
 *
 * Where a layer's biased weights are at most 14, byte sums take 18 events (18 * 14 = 252) before
 * they are widened, and of smaller ones more; others are split into 16-bit lanes event by event.
 * Sums include the bias of every event; who adds them takes it off.
 */
#ifndef EDGESNN_BYTE_ROWS_H
#define EDGESNN_BYTE_ROWS_H

#include "edgesnn_bytes_thumb.h"
#include "edgesnn_quads_thumb.h"
#include "edgesnn_rows.h"

/* Rows of a layer, `count` of `words` words. Byte 0 of a word belongs to a neuron, bytes 2, 1 and 3
 * to the next ones. Bytes hold the sums of EDGESNN_CHUNK_EVENTS(groups) events; 0: of fewer. */
struct edgesnn_byte_rows {
    const uint32_t *weight;
    uint32_t words;
    uint32_t count;
    int32_t bias;
    uint32_t groups;
};

/* Events whose bytes fit a lane: 255 * 257 < 2^16. */
#define EDGESNN_LANE_EVENTS 257u

/* Clear a few words. Compilers would make a call of such a loop, were there nothing inside. */
EDGESNN_INLINE void edgesnn_clear_words(uint32_t *word, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        word[at] = 0;
#if defined(__GNUC__)
        __asm__ volatile("");
#endif
    }
}

/* Quads that are stepped: an even number. */
EDGESNN_INLINE uint32_t edgesnn_quads_of(uint32_t neurons)
{
    return 2u * ((neurons + 7u) / 8u);
}

/* Events of a step: places of their rows or, where `groups` is not 0 and there is assembly, the
 * steps of edgesnn_bytes_thumb.h, with room for one more; `here` is where the last row's first tile
 * ends. */
struct edgesnn_heard {
    uint32_t *place;
    uint32_t count;
    uint32_t here;
};

/* Append a row, by its place. */
EDGESNN_INLINE void edgesnn_list_row(const struct edgesnn_byte_rows *rows, uint32_t row,
                                     struct edgesnn_heard *list)
{
    const struct edgesnn_rows plain = {rows->weight, rows->words, rows->bias, 8};
    const uint32_t place = edgesnn_place_of_row(&plain, row);
    if (EDGESNN_THUMB && rows->groups != 0) {
        list->place[list->count++] = place - list->here;
        list->here = place + EDGESNN_ROW_TILE;
    } else {
        list->place[list->count++] = place;
    }
}

/* Append the rows of a bitmap's spikes; row `first` is that of its neuron 0. */
EDGESNN_INLINE void edgesnn_list_rows(const struct edgesnn_byte_rows *rows, const uint32_t *bitmap,
                                      uint32_t words, uint32_t first, struct edgesnn_heard *list)
{
#if EDGESNN_THUMB && EDGESNN_POSITIONS
    const uint32_t *const base = &rows->weight[first * rows->words];
    uint32_t *end = &list->place[list->count];
    if (rows->groups != 0) {
        const uint32_t begin = (uint32_t)(uintptr_t)base;
        const uint64_t listed = edgesnn_list_steps(end, bitmap, &bitmap[words], begin - list->here,
                                                   4u * rows->words, edgesnn_position);
        end = (uint32_t *)(uintptr_t)(uint32_t)listed;
        list->here = begin + 128u * words * rows->words - (uint32_t)(listed >> 32);
    } else {
        end = edgesnn_list_bits(end, bitmap, &bitmap[words], base, 4u * rows->words,
                                edgesnn_position);
    }
    list->count = (uint32_t)(end - list->place);
#else
    for (uint32_t word = 0; word < words; word++, first += 32u) {
        for (uint32_t bits = bitmap[word]; bits != 0; bits &= bits - 1u) {
            edgesnn_list_row(rows, first + edgesnn_lowest_bit(bits), list);
        }
    }
#endif
}

/* Two words of lanes for four neurons into a word each. */
EDGESNN_INLINE void edgesnn_widen_quad(const uint32_t *lanes, uint32_t *words)
{
    for (uint32_t pair = 0; pair < 2u; pair++) {
        words[2u * pair] = lanes[pair] & 0xffffu;
        words[2u * pair + 1u] = lanes[pair] >> 16;
    }
}

#if EDGESNN_THUMB
/* Sum up to EDGESNN_LANE_EVENTS events of any weights. */
EDGESNN_INLINE void edgesnn_sum_some(uint32_t *place, uint32_t count, uint32_t quads,
                                     uint32_t *lanes)
{
    struct edgesnn_summing job;
    job.tiles = (quads + 3u) / 4u;
    job.place = place;
    job.end = place + count;
    job.sums = lanes;
    job.mask = 0x00ff00ffu;
    edgesnn_sum_lanes(&job);
}

/* Sum more events than lanes hold. */
EDGESNN_SHARED void edgesnn_sum_many(const struct edgesnn_heard *events, uint32_t quads,
                                     uint32_t *sums)
{
    uint32_t *const lanes = &sums[32u * ((quads + 7u) / 8u)];
    edgesnn_clear_words(sums, 4u * quads);
    for (uint32_t first = 0; first < events->count; first += EDGESNN_LANE_EVENTS) {
        const uint32_t left = events->count - first;
        edgesnn_sum_some(&events->place[first],
                         left < EDGESNN_LANE_EVENTS ? left : EDGESNN_LANE_EVENTS, quads, lanes);
        for (uint32_t quad = 0; quad < quads; quad++) {
            uint32_t words[4];
            edgesnn_widen_quad(&lanes[2u * quad], words);
            for (uint32_t at = 0; at < 4u; at++) {
                sums[4u * quad + at] += words[at];
            }
        }
    }
}

/* Sum `count` events of small weights to the tiles before `end`. */
EDGESNN_INLINE void edgesnn_sum_chunks(const struct edgesnn_byte_rows *rows, uint32_t *place,
                                       uint32_t count, bool folds, uint32_t *sums, uint32_t *end)
{
    const uint32_t chunk = EDGESNN_CHUNK_EVENTS(rows->groups);
    uint32_t events = count, further = 0;
    for (; folds && events > chunk; events -= chunk) {
        further++;
    }
    for (uint32_t at = events; rows->groups > 1u && at < count; at += chunk) {
        place[at] |= EDGESNN_NEW_CHUNK;
    }
    place[count] = folds ? EDGESNN_LAST(further + 1u) : EDGESNN_LAST_OF_ONE;
    for (events--; rows->groups > 1u && events > EDGESNN_GROUP; events -= EDGESNN_GROUP) {
    }
    if (rows->groups == 1u) {
        edgesnn_sum_bytes(place, events, sums, end, EDGESNN_FOLD_SIZE * further);
    } else {
        edgesnn_sum_small_bytes(place, events, sums, end, EDGESNN_FOLD_SIZE * further);
    }
}

/* Add `count` words to others, unless they are the same. */
EDGESNN_SHARED void edgesnn_add_words(uint32_t *sums, const uint32_t *words, uint32_t count)
{
    for (uint32_t at = 0; words != sums && at < count; at++) {
        sums[at] += words[at];
    }
}

/* Where the row behind the first `count` events of a list begins. */
EDGESNN_SHARED uint32_t edgesnn_row_behind(const uint32_t *place, uint32_t count)
{
    uint32_t row = place[0];
    for (uint32_t event = 1; event < count; event++) {
        row += EDGESNN_ROW_TILE + (place[event] & ~EDGESNN_NEW_CHUNK);
    }
    return row + EDGESNN_ROW_TILE + place[count];
}

/* Sum events of small weights, EDGESNN_FOLDED chunks at once. */
EDGESNN_INLINE enum edgesnn_summed edgesnn_sum_small(const struct edgesnn_byte_rows *rows,
                                                     const struct edgesnn_heard *events,
                                                     uint32_t quads, uint32_t *sums)
{
    const uint32_t tiles = (quads + 7u) / 8u, chunk = EDGESNN_CHUNK_EVENTS(rows->groups);
    const bool folds = rows->count > chunk && events->count > chunk;
    const uint32_t most = EDGESNN_FOLDED * chunk, words = (folds ? 16u : 8u) * tiles;
    uint32_t *place = events->place, left = events->count, *lanes = sums;
    while (rows->count > most && left > most) {
        const uint32_t next = edgesnn_row_behind(place, most);
        edgesnn_sum_chunks(rows, place, most, folds, lanes, &lanes[words]);
        edgesnn_add_words(sums, lanes, words);
        place += most;
        left -= most;
        *place = next;
        lanes = &sums[words];
    }
    edgesnn_sum_chunks(rows, place, left, folds, lanes, &lanes[words]);
    if (rows->count > most) {
        edgesnn_add_words(sums, lanes, words);
    }
    return folds ? EDGESNN_LANES_SUMMED : EDGESNN_BYTES_SUMMED;
}

/* Sum the rows of all events; says in which form. */
EDGESNN_INLINE enum edgesnn_summed edgesnn_sum_rows(const struct edgesnn_byte_rows *rows,
                                                    const struct edgesnn_heard *events,
                                                    uint32_t quads, uint32_t *sums)
{
    if (events->count == 0) {
        return EDGESNN_NOTHING_SUMMED;
    }
    if (rows->groups != 0) {
        return edgesnn_sum_small(rows, events, quads, sums);
    }
    if (rows->count > EDGESNN_LANE_EVENTS && events->count > EDGESNN_LANE_EVENTS) {
        edgesnn_sum_many(events, quads, sums);
        return EDGESNN_WORDS_SUMMED;
    }
    edgesnn_sum_some(events->place, events->count, quads, sums);
    return EDGESNN_LANES_SUMMED;
}
#else
EDGESNN_INLINE enum edgesnn_summed edgesnn_sum_rows(const struct edgesnn_byte_rows *rows,
                                                    const struct edgesnn_heard *events,
                                                    uint32_t quads, uint32_t *sums)
{
    const struct edgesnn_rows plain = {rows->weight, rows->words, rows->bias, 8};
    edgesnn_clear_words(sums, 4u * quads);
    for (uint32_t event = 0; event < events->count; event++) {
        const uint32_t *const row = edgesnn_words_at(&plain, events->place[event]);
        for (uint32_t quad = 0; quad < quads; quad++, sums += 4) {
            sums[0] += row[quad] & 0xffu;
            sums[1] += row[quad] >> 16 & 0xffu;
            sums[2] += row[quad] >> 8 & 0xffu;
            sums[3] += row[quad] >> 24;
        }
        sums -= 4u * quads;
    }
    return events->count != 0 ? EDGESNN_WORDS_SUMMED : EDGESNN_NOTHING_SUMMED;
}
#endif

/* What four neurons were sent, whatever the form. */
EDGESNN_INLINE void edgesnn_summed_quad(enum edgesnn_summed summed, const uint32_t *sums,
                                        uint32_t quad, uint32_t *words)
{
    const uint32_t byte[4] = {0, 16, 8, 24};
    if (summed == EDGESNN_LANES_SUMMED) {
        edgesnn_widen_quad(&sums[2u * quad], words);
        return;
    }
    for (uint32_t at = 0; at < 4u; at++) {
        words[at] = summed == EDGESNN_BYTES_SUMMED   ? sums[quad] >> byte[at] & 0xffu
                    : summed == EDGESNN_WORDS_SUMMED ? sums[4u * quad + at]
                                                     : 0;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0
 *
 * The commands of MLPerf Tiny's device under test, so that the public runner can drive a board:
 * name, timestamp, profile, help, db, infer, results. Grammar and messages are those of
 * mlcommons/tiny, benchmark/api; a command ends in '%', an answer in `m-ready`.
 */
#ifndef EDGESNN_BENCHMARK_H
#define EDGESNN_BENCHMARK_H

#include "edgesnn_model.h"

enum { EDGESNN_MOST_INFERENCES = 10000 };

struct edgesnn_benchmark {
    const struct edgesnn_model *model;
    void (*put)(uint32_t octet);
    uint32_t expected, loaded; /* bytes of `db load` */
};

/* What a device says when it has started. */
void edgesnn_benchmark_start(const struct edgesnn_benchmark *benchmark);

/* Answer a line without its '%'; the text is cut into words. NULL for one that was too long. */
void edgesnn_benchmark_answer(struct edgesnn_benchmark *benchmark, char *line);

#endif

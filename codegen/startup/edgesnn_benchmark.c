/* SPDX-License-Identifier: MIT-0
 *
 * The dialogue of MLPerf Tiny. An inference is a reset and one step for each vector of features
 * that `db` has loaded.
 */
#include "edgesnn_benchmark.h"

#include "edgesnn_line.h"

enum { PRINTED_A_LINE = 8, DEFAULT_WARM_UPS = 10 };

static void (*put)(uint32_t octet);

static void say(const char *text)
{
    while (*text != '\0') {
        put((unsigned char)*text++);
    }
}

static void say_number(uint32_t value)
{
    unsigned char digits[10];
    uint32_t count = 0;
    do {
        digits[count++] = (unsigned char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    while (count > 0) {
        put(digits[--count]);
    }
}

static void say_with(const char *before, uint32_t value, const char *after)
{
    say(before);
    say_number(value);
    say(after);
}

static void timestamp(const struct edgesnn_benchmark *benchmark)
{
    say_with("m-lap-us-", benchmark->model->microseconds(), "\r\n");
}

static void name(const struct edgesnn_benchmark *benchmark)
{
    say("m-name-dut-[edgesnn ");
    say(benchmark->model->name);
    say("]\r\n");
}

static void profile(void)
{
    say("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n");
}

static void help(void)
{
    say("ULPMark for tinyML Firmware V0.0.1\r\n\r\n"
        "help         : this text\r\n"
        "name         : the device's name\r\n"
        "timestamp    : microseconds of work so far\r\n"
        "profile      : firmware and model\r\n"
        "db load N    : expect N bytes of features\r\n"
        "db HH[HH]*   : the next of them\r\n"
        "db print     : all of them\r\n"
        "infer N [W]  : N inferences after W to warm up\r\n"
        "results      : scores of the last inference\r\n");
}

static void results(const struct edgesnn_benchmark *benchmark)
{
    const int32_t *scores = benchmark->model->scores();
    say("m-results-[");
    for (uint32_t index = 0; index < benchmark->model->classes; index++) {
        const uint32_t score = (uint32_t)scores[index];
        const bool negative = scores[index] < 0;
        say(index > 0 ? "," : "");
        say_with(negative ? "-" : "", negative ? 0u - score : score, ".0");
    }
    say("]\r\n");
}

static void load(struct edgesnn_benchmark *benchmark, const char *count)
{
    const uint32_t most = benchmark->model->clip_bytes;
    if (count == NULL) {
        say("e-[Command 'db load' requires the # of bytes]\r\n");
        return;
    }
    const uint32_t wanted = edgesnn_number_of(count, UINT32_MAX / 16);
    if (wanted == 0) {
        say("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if (wanted > most) {
        say_with("e-[Supplied buffer size exceeds maximum of ", most, "]\r\n");
    } else {
        benchmark->expected = wanted;
        benchmark->loaded = 0;
        say_with("m-[Expecting ", wanted, " bytes]\r\n");
    }
}

/* Whether a word is an even number of hexadecimal digits; says what is wrong. */
static bool is_hexadecimal(const char *word)
{
    uint32_t count = 0;
    for (; word[count] != '\0'; count++) {
        if (edgesnn_digit(word[count]) == 16) {
            say("e-[Invalid hex digit '");
            put((unsigned char)word[count]);
            say("']\r\n");
            return false;
        }
    }
    if (count % 2 != 0) {
        say("e-[Insufficent number of hex digits]\r\n");
    }
    return count % 2 == 0;
}

static void take_bytes(struct edgesnn_benchmark *benchmark, const char *word)
{
    if (!is_hexadecimal(word)) {
        return;
    }
    for (; *word != '\0' && benchmark->loaded < benchmark->expected; word += 2) {
        benchmark->model->clip[benchmark->loaded++] =
            (int8_t)(uint8_t)(edgesnn_digit(word[0]) << 4 | edgesnn_digit(word[1]));
        if (benchmark->loaded == benchmark->expected) {
            say("m-load-done\r\n");
        }
    }
}

static void print(const struct edgesnn_benchmark *benchmark)
{
    for (uint32_t index = 0; index < benchmark->loaded; index++) {
        const uint32_t octet = (uint8_t)benchmark->model->clip[index];
        say(index % PRINTED_A_LINE == 0 ? "m-buffer-" : "-");
        put((unsigned char)"0123456789abcdef"[octet >> 4]);
        put((unsigned char)"0123456789abcdef"[octet & 15]);
        if (index % PRINTED_A_LINE == PRINTED_A_LINE - 1 || index + 1 == benchmark->loaded) {
            say("\r\n");
        }
    }
}

static void buffer(struct edgesnn_benchmark *benchmark, char **rest)
{
    char *what = edgesnn_next_word(rest);
    if (what == NULL) {
        say("e-[Command 'db' requires a subcommand]\r\n");
    } else if (edgesnn_same(what, "load")) {
        load(benchmark, edgesnn_next_word(rest));
    } else if (edgesnn_same(what, "print")) {
        print(benchmark);
    } else {
        take_bytes(benchmark, what);
    }
}

static void infer_once(const struct edgesnn_model *model, uint32_t steps)
{
    model->reset();
    for (uint32_t step = 0; step < steps; step++) {
        model->step_features(model->clip + step * model->channels);
    }
}

static void run(const struct edgesnn_benchmark *benchmark, uint32_t count, uint32_t warm_ups)
{
    const uint32_t steps = benchmark->loaded / benchmark->model->channels;
    say_with("m-warmup-start-", warm_ups, "\r\n");
    for (uint32_t turn = 0; turn < warm_ups; turn++) {
        infer_once(benchmark->model, steps);
    }
    say("m-warmup-done\r\n");
    say_with("m-infer-start-", count, "\r\n");
    timestamp(benchmark);
    for (uint32_t turn = 0; turn < count; turn++) {
        infer_once(benchmark->model, steps);
    }
    timestamp(benchmark);
    say("m-infer-done\r\n");
    results(benchmark);
}

static void infer(const struct edgesnn_benchmark *benchmark, char **rest)
{
    const char *count = edgesnn_next_word(rest), *warm_ups = edgesnn_next_word(rest);
    const uint32_t beyond = EDGESNN_MOST_INFERENCES + 1;
    const uint32_t wanted = count == NULL ? 1 : edgesnn_number_of(count, beyond);
    const uint32_t before =
        warm_ups == NULL ? DEFAULT_WARM_UPS : edgesnn_number_of(warm_ups, beyond);
    if (wanted == 0) {
        say("e-[Inference iterations must be >0]\r\n");
    } else if (warm_ups != NULL && *warm_ups == '-') {
        say("e-[Inference warmup must be >=0]\r\n");
    } else if (wanted == beyond || before == beyond) {
        say_with("e-[At most ", EDGESNN_MOST_INFERENCES, " inferences]\r\n");
    } else if (benchmark->loaded == 0 || benchmark->loaded % benchmark->model->channels != 0) {
        say_with("e-[Input must be a multiple of ", benchmark->model->channels, " bytes]\r\n");
    } else {
        run(benchmark, wanted, before);
    }
}

static void unknown(const char *word)
{
    say("e-[Unknown command: ");
    say(word);
    say("]\r\n");
}

static void obey(struct edgesnn_benchmark *benchmark, const char *word, char **rest)
{
    if (edgesnn_same(word, "name")) {
        name(benchmark);
    } else if (edgesnn_same(word, "timestamp")) {
        timestamp(benchmark);
    } else if (edgesnn_same(word, "profile")) {
        profile();
    } else if (edgesnn_same(word, "help")) {
        help();
    } else if (edgesnn_same(word, "db")) {
        buffer(benchmark, rest);
    } else if (edgesnn_same(word, "infer")) {
        infer(benchmark, rest);
    } else if (edgesnn_same(word, "results")) {
        results(benchmark);
    } else {
        unknown(word);
    }
}

void edgesnn_benchmark_start(const struct edgesnn_benchmark *benchmark)
{
    put = benchmark->put;
    say("m-timestamp-mode-performance\r\n");
    timestamp(benchmark);
    say("m-init-done\r\nm-ready\r\n");
}

void edgesnn_benchmark_answer(struct edgesnn_benchmark *benchmark, char *line)
{
    put = benchmark->put;
    if (line == NULL) {
        say("e-[Command too long]\r\n");
    } else {
        const char *word = edgesnn_next_word(&line);
        obey(benchmark, word == NULL ? "" : word, &line);
    }
    say("m-ready\r\n");
}

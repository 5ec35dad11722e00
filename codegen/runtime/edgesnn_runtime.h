/* SPDX-License-Identifier: MIT-0
 *
 * The whole runtime: what generated networks include.
 */
#ifndef EDGESNN_RUNTIME_H
#define EDGESNN_RUNTIME_H

#include "edgesnn_adaptive.h"
#include "edgesnn_adaptive_pairs.h"
#include "edgesnn_base.h"
#include "edgesnn_byte_rows.h"
#include "edgesnn_bytes_thumb.h"
#include "edgesnn_clamped_thumb.h"
#include "edgesnn_dense.h"
#include "edgesnn_events.h"
#include "edgesnn_graded.h"
#include "edgesnn_graded_tiles.h"
#include "edgesnn_input.h"
#include "edgesnn_lanes.h"
#include "edgesnn_layer.h"
#include "edgesnn_membranes.h"
#include "edgesnn_neurons.h"
#include "edgesnn_nibbles.h"
#include "edgesnn_own_thumb.h"
#include "edgesnn_quads_thumb.h"
#include "edgesnn_resting.h"
#include "edgesnn_rows.h"
#include "edgesnn_scores.h"
#include "edgesnn_sites.h"
#include "edgesnn_sparse.h"
#include "edgesnn_sparse_sites.h"
#include "edgesnn_sums_thumb.h"
#include "edgesnn_taps.h"
#include "edgesnn_window.h"
#include "edgesnn_words.h"

#endif

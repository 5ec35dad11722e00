"""False accepts: a keyword that leads while it is not said.

A detector on a stream (docs/SPEC.md §5) looks at every step, not at the last of a clip, so the
step at which a wrong keyword leads by most decides whether there is a false accept. Only that step
is charged, as in max-pooling losses for keyword spotting (Sun et al., "Max-pooling loss training
of long short-term memory networks for small-footprint keyword spotting", SLT 2016,
arXiv 1705.02411), which charge other words at the step of their worst score.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

#: Lead of a class that cannot be wrong: far below any other.
NEVER = -1e6


def false_accept_loss(logits: Tensor, right: Tensor, before: Tensor, keywords: Tensor) -> Tensor:
    """Mean over clips of `softplus(max over t, c of (z_t[c] − max_{d ≠ c} z_t[d]))`, `()`.

    `c` runs over the keywords that are wrong in a clip; in its first half the keyword of the clip
    before may still lead, since a word is detected up to its end and a grace behind it.

    Args:
        logits: float32 `(T, B, classes)`, z.
        right: bool `(B, classes)`, what is said in a clip.
        before: bool `(B, classes)`, what was said in the clip before; nothing behind a reset.
        keywords: bool `(classes,)`, the classes that can be detected.
    """
    steps = torch.arange(len(logits), device=logits.device)[:, None, None]
    early = (steps < len(logits) // 2) & before
    leads = _leads(logits).masked_fill(early | right | ~keywords, NEVER)
    return softplus(leads.amax((0, 2))).mean()


def _leads(logits: Tensor) -> Tensor:
    """`z[c] − max_{d ≠ c} z[d]` for each class, of `logits` `(…, classes)`."""
    highest = logits.topk(2, dim=-1)
    first, second = highest.values[..., :1], highest.values[..., 1:]
    leading = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, highest.indices[..., :1], True)
    return logits - torch.where(leading, second, first)

"""From a trained model to the integer network (docs/LOWERING.md)."""

from edgesnn.quantize.lower import (
    LayerRanges,
    LoweringReport,
    lower,
    lower_with_report,
    ranges_of,
)
from edgesnn.quantize.passes import PASSES

__all__ = [
    "PASSES",
    "LayerRanges",
    "LoweringReport",
    "lower",
    "lower_with_report",
    "ranges_of",
]

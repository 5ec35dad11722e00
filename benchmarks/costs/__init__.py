"""Cycles and instructions of generated firmware, call by call and part by part.

`probe` runs one network on one simulated core; `source_map` says which part of the network an
instruction belongs to; `networks` are what is measured; `sections` measure, each for one part of
docs/PERFORMANCE.md; `dense` is the opponent whose cost does not depend on spikes.
"""

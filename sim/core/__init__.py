"""A Cortex-M in Numba: runs the firmware that will be flashed, and counts its cycles."""

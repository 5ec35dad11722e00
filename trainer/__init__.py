"""From audio to a trained spiking model: datasets, features, training."""

import os

# Threads that spin while they wait for each other make a step five times slower on a machine that
# does anything else. OpenMP reads this when PyTorch loads, so it is too late where that happened.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

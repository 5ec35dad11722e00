"""Simulators: the integer network, and the core that runs the firmware."""

"""Recordings: one dataset interface, three sources."""

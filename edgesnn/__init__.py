"""edgesnn: spoken keywords to a microcontroller."""

__version__ = "0.1.0"

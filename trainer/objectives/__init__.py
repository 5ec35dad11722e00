"""What training minimises: small terms, each with its equation, added up by the configuration."""

from __future__ import annotations

from edgesnn.trainer.objectives.total import Objective

__all__ = ["Objective"]

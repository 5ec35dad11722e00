"""Putting an image on a board and hearing from it (docs/FLASH.md)."""

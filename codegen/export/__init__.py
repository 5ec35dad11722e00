"""A network as a library of somebody else's project: CMake, Arduino, PlatformIO, Zephyr, CMSIS.

Each format is a function from `Library` to files, in `layouts`, `pack` and `amalgamate`.
"""

from edgesnn.codegen.export.library import Library
from edgesnn.codegen.export.write import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "Library", "export"]

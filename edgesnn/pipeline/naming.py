"""What a network may be called: its name is a C prefix and the stem of its files."""

from __future__ import annotations

import re

from edgesnn.errors import ConfigError
from edgesnn.network.validate import name_faults

_TAKEN = frozenset(
    {
        "memory", "platform", "semihosting", "startup", "hosted", "uart",
        "assert", "ctype", "errno", "limits", "math", "stdalign", "stdarg", "stdbool", "stddef",
        "stdint", "stdio", "stdlib", "string", "time",
    }
)  # fmt: skip
"""Stems of files that are compiled beside a network's, or included by them."""

_PREFIXES = ("edgesnn", "audio_", "uart_", "boot2_", "caches_", "clock_", "watchdog_")
"""Beginnings of the stems of start-up files that some boards need."""


def is_taken(name: str) -> bool:
    """Whether `NAME.c` or `NAME.h` would take the place of another file of an image."""
    return name in _TAKEN or name.startswith(_PREFIXES)


def require_free(name: str) -> None:
    """Raise ConfigError where `is_taken`."""
    if is_taken(name):
        raise ConfigError(
            f"a network cannot be called {name}: {name}.c or {name}.h is another file of its "
            "firmware; choose another name"
        )


def identifier(text: str) -> str:
    """`text` as a network's name: lower case, letters, digits and `_`, a letter first.

    A word of the C language, or the name of another file of an image, gets `_words` behind it.
    """
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:32].rstrip("_")
    if not name[:1].isalpha():
        name = f"net_{name}"[:32].rstrip("_")
    if is_taken(name) or any(name_faults("network", name)):
        name = f"{name[:26]}_words"
    return f"net_{name}"[:32] if is_taken(name) else name

"""What every export is made of: the generated code, the runtime, and facts for the templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edgesnn.codegen.choose import AUTO, TITLES, Layout
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import package_version, render_network, runtime_texts
from edgesnn.codegen.plan import MemoryPlan, plan_of
from edgesnn.codegen.program import Program
from edgesnn.codegen.text import environment
from edgesnn.errors import UsageError
from edgesnn.network import Network, identity

_URL = re.compile(r"https?://[!-~]+\Z")
_VERSION = re.compile(r"\d+\.\d+\.\d+\Z")


@dataclass(frozen=True, eq=False)
class Library:
    """A network to be handed to another project.

    Attributes:
        network: what it computes.
        version: of the package, three numbers; a new network wants a new one.
        url: where users of the package find more; package managers ask for one.
        command: stated in the files as what made them.
        layout: how its weights lie, and the cores that it is fast on.

    Raises:
        UsageError: `version` is not three numbers, or `url` is no web address.
    """

    network: Network
    version: str = "1.0.0"
    url: str = "https://example.org"
    command: str = "edgesnn export"
    layout: Layout = AUTO

    def __post_init__(self) -> None:
        if not _VERSION.match(self.version):
            raise UsageError(f"version {self.version!r} is not three numbers such as 1.0.0")
        if not _URL.match(self.url):
            raise UsageError(f"url {self.url!r} is no web address such as https://example.org")

    @property
    def name(self) -> str:
        """Of the library; the network's own name is the prefix of its functions."""
        return f"edgesnn_{self.network.name}"

    @cached_property
    def sha256(self) -> str:
        """Identity of the network."""
        return identity(self.network)

    @cached_property
    def own(self) -> dict[str, str]:
        """`NAME.h` and `NAME.c`.

        Raises:
            UsageError: `layout` forces what a layer cannot have, or names no layer.
        """
        return render_network(self._program, self.command, self.sha256)

    @property
    def plan(self) -> MemoryPlan:
        """Memory of tables and state."""
        return plan_of(self._program)

    @cached_property
    def _program(self) -> Program:
        return build_program(self.network, self.layout)

    @cached_property
    def runtime(self) -> dict[str, str]:
        """The runtime's headers."""
        return runtime_texts(self.network)

    @property
    def header(self) -> str:
        """File name of the interface."""
        return f"{self.network.name}.h"

    @property
    def source(self) -> str:
        """File name of the one file to compile."""
        return f"{self.network.name}.c"

    @property
    def words(self) -> str:
        """The classes on one line, without what could end a line or a comment."""
        return ", ".join(
            "".join(letter if letter.isprintable() else " " for letter in each)
            for each in self.network.classes
        ).replace("*/", "* /")

    def render(self, template: str, **more: Any) -> str:
        """The text of `templates/export/TEMPLATE.j2`."""
        network = self.network
        facts = {
            "library": self.name,
            "name": network.name,
            "guard": network.name.upper(),
            "version": self.version,
            "url": self.url,
            "command": self.command,
            "edgesnn_version": package_version(),
            "sha256": self.sha256,
            "classes": len(network.classes),
            "words": self.words,
            "frontend": network.frontend,
            "detector": network.detector is not None,
            "cores": TITLES[self.layout.cores],
        }
        return environment().get_template(f"export/{template}.j2").render(facts | more)

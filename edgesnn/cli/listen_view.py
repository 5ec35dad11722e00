"""The live view of `edgesnn listen`: level, activity, margins, and what was heard."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

if TYPE_CHECKING:
    from edgesnn.network import Network
    from edgesnn.pipeline.listen import Detection, Moment

#: Columns of a bar, moments of a history, detections that stay on the screen.
BAR, HISTORY, LAST = 32, 48, 6

#: Level at which the bar is empty, in dB of full scale.
QUIETEST_DB = -70.0

#: Share of firing neurons that fills the history's height.
BUSY = 0.2

_SHADES = " ▁▂▃▄▅▆▇█"


class ListenView:
    """Gathers moments, and draws them."""

    def __init__(self, network: Network) -> None:
        assert network.detector is not None
        self.network, self.threshold = network, network.detector.threshold
        self._keyword = network.detector.keywords(network.classes)
        self._moment: Moment | None = None
        self._last: deque[Detection] = deque(maxlen=LAST)
        blank = [0.0] * HISTORY
        self._firing = [deque(blank, HISTORY) for _ in network.spiking]

    def take(self, moment: Moment) -> None:
        """Keep what the next picture shows."""
        self._moment = moment
        self._last.extend(moment.detections)
        for history, share in zip(self._firing, moment.firing, strict=True):
            history.append(share)

    def picture(self) -> RenderableType:
        """The view, a few lines high."""
        moment = self._moment
        if moment is None:
            return Text("listening …", style="dim")
        level = max(0.0, 1 - moment.level / QUIETEST_DB) if moment.level < 0 else 1.0
        lines = [
            Text.from_markup(f"[bold]{self.network.name}[/bold] listens, {moment.seconds:.1f} s"),
            Text(f"{'level':>10} {_bar(level)} {max(moment.level, -99):5.0f} dBFS"),
        ]
        lines += [
            Text(f"{layer.name[:10]:>10} {_history(history)} {100 * history[-1]:4.1f} % firing")
            for layer, history in zip(self.network.spiking, self._firing, strict=True)
        ]
        lines += [self._class_line(c, lead) for c, lead in enumerate(moment.leads)]
        lines += [self._detection_line(found) for found in reversed(self._last)]
        return Group(*lines)

    def _class_line(self, c: int, lead: int) -> Text:
        """A class's lead: a full bar is the threshold."""
        share = min(max(lead / self.threshold, 0.0), 1.0)
        style = "dim" if not self._keyword[c] else "bold green" if share >= 1 else ""
        return Text(f"{self.network.classes[c][:10]:>10} {_bar(share)} {lead:8d}", style=style)

    def _detection_line(self, found: Detection) -> Text:
        return Text.from_markup(f"{found.seconds:9.2f} s  [bold]{escape(found.word)}[/bold]")


def _bar(share: float) -> str:
    filled = round(min(share, 1.0) * BAR)
    return "█" * filled + "·" * (BAR - filled)


def _history(shares: deque[float]) -> str:
    top = len(_SHADES) - 1
    return "".join(_SHADES[min(top, round(top * share / BUSY))] for share in shares)

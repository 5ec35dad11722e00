"""What comes next is made while what came before is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

#: Things made ahead at most, and seconds between two looks at whether they are still wanted.
DEPTH, PATIENCE = 4, 0.2


def ahead(items: Iterable[T], depth: int = DEPTH) -> Generator[T, None, None]:
    """Yield `items` in their order, up to `depth` of them made ahead by a thread.

    What making one raises is raised here; a consumer that stops early ends the thread.
    """
    made: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
    left = threading.Event()

    def put(item: T | None, error: BaseException | None) -> None:
        while not left.is_set():
            try:
                return made.put((item, error), timeout=PATIENCE)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put(item, None)
                if left.is_set():
                    return
            put(None, StopIteration())
        except BaseException as error:
            put(None, error)

    threading.Thread(target=work, daemon=True, name="ahead").start()
    try:
        while True:
            item, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # an item where there is no error
    finally:
        left.set()

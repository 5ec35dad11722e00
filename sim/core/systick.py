"""SysTick: the system timer (Armv7-M manual B3.3)."""

from __future__ import annotations

from dataclasses import dataclass

FOREVER = 1 << 62


@dataclass
class SysTick:
    """The system timer, counted lazily from the cycle at which it was last set.

    Attributes:
        control: ENABLE, TICKINT and CLKSOURCE bits; the reference clock is the core's.
        reload: 24 bits.
    """

    control: int = 0
    reload: int = 0
    _value: int = 0
    _since: int = 0
    _expires: int = FOREVER
    _wrapped: bool = False

    def write_control(self, value: int, now: int) -> None:
        """Enable or disable, keeping the count."""
        self._value, self._since = self.value(now), now
        self.control = value & 7
        self._schedule(now)

    def write_value(self, now: int) -> None:
        """Any write clears the counter, which then reloads."""
        self._value, self._since, self._wrapped = 0, now, False
        self._schedule(now)

    def value(self, now: int) -> int:
        """The count at cycle `now`."""
        if not self.control & 1:
            return self._value
        elapsed = now - self._since
        if elapsed <= self._value:
            return self._value - elapsed
        return self.reload - (elapsed - self._value - 1) % (self.reload + 1)

    def _schedule(self, now: int) -> None:
        if not self.control & 1 or (self.reload == 0 and self._value == 0):
            self._expires = FOREVER
        else:
            self._expires = now + (self._value or self.reload + 1)

    @property
    def expires(self) -> int:
        """The cycle at which the counter next reaches zero."""
        return self._expires

    def advance(self, now: int) -> bool:
        """Pass expiries up to `now`; true where one asks for an interrupt."""
        if now < self._expires:
            return False
        period = self.reload + 1
        missed = (now - self._expires) // period
        self._expires = self._expires + (missed + 1) * period if self.reload else FOREVER
        self._wrapped = True
        return bool(self.control & 2)

    def read_control(self, now: int) -> int:
        """The control register; reading clears COUNTFLAG."""
        self.advance(now)
        flag, self._wrapped = self._wrapped, False
        return self.control | flag << 16

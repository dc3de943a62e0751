"""The one error that adapters raise of a value: it tells the knob, the value and the rule."""

from __future__ import annotations

from typing import Any


class KnobError(ValueError):
    """A knob has a value that is not possible here, by a rule.

    >>> str(KnobError("rank", 7, "does not divide d_in=64"))
    'rank=7 does not divide d_in=64'
    """

    def __init__(self, knob: str, value: Any, rule: str) -> None:
        """Take what a reader has to know."""
        super().__init__(knob, value, rule)
        self.knob, self.value, self.rule = knob, value, rule

    def __str__(self) -> str:
        """Return all three as a line."""
        return f"{self.knob}={self.value!r} {self.rule}"

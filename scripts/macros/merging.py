"""The study that adds the changes of two tasks, as pages ask for it."""

from __future__ import annotations

from scripts.macros.page import Part, macro
from scripts.survey import merging


class Merging(Part):
    """The macro of the page on task arithmetic."""

    @macro("text")
    def merging_ready(self) -> str:
        """Tell whether the plain sum and what it is held against have been run; empty if not."""
        ran = all(merging.keeps(name) for name in ("sum", "alone", "shuffled"))
        return "yes" if ran else ""

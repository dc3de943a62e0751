"""Findings of the experiment, asked again of the real English model: whether each holds there."""

from __future__ import annotations

from typing import NamedTuple

from scripts.survey import effects, english
from scripts.survey.english import Measure, plan
from scripts.survey.statistics import Interval

WAITING = "not run yet"


class Claim(NamedTuple):
    """A finding of the experiment, and the words that would say the same here, or the opposite."""

    says: str
    finding: str
    """Its key on the experiment's page, and the anchor of its card."""
    anchor: str
    entries: tuple[str, ...]
    same: tuple[effects.Word, ...]
    opposite: effects.Word
    measure: Measure = english.accuracy

    def found(self, entry: str) -> dict[str, Interval | None]:
        """Return how an entry compares with its baseline on each task, none where not complete."""
        there = english.beside(entry, self.measure)
        return {task: there.get(task) for task in plan().tasks}

    def intervals(self) -> list[Interval | None]:
        """Return all comparisons that the claim rests on."""
        return [each for entry in self.entries for each in self.found(entry).values()]

    def ran(self) -> bool:
        """Say whether any of them was run."""
        return any(self.intervals())

    def word(self, found: Interval) -> effects.Word:
        """Return what may be said of a comparison; *level* is within a point, so of accuracy."""
        said = effects.word(found.low, found.high)
        points = self.measure is english.accuracy
        return "not told apart" if said == "level" and not points else said

    def here(self) -> str:
        """Return whether it holds here, by the rule of the registration."""
        every = self.intervals()
        if None in every:
            return "not complete yet" if self.ran() else WAITING
        words = {self.word(each) for each in every if each}
        if self.opposite in words:
            return "does not hold"
        return "holds" if words <= set(self.same) else "open"


CLAIMS = (
    Claim(
        "At LoRA’s size no other family is ahead of it", "size", "size",
        ("oft 16", "pissa 4", "shira 0.0156", "delora 4, strength 1", "delora 4, strength 4",
         "delora 4, strength 0.25"),
        ("behind", "level", "not told apart"), "ahead",
    ),
    Claim("OFT learns less than LoRA", "forms", "rotation", ("oft 16",), ("behind",), "ahead"),
    Claim(
        "OFT forgets more than LoRA", "forms", "rotation", ("oft 16",), ("ahead",), "behind",
        english.forgetting,
    ),
    Claim(
        "IA3 and LN tuning learn less than LoRA", "gains", "gain", ("ia3", "ln tuning"),
        ("behind",), "ahead",
    ),
    Claim(
        "DoRA is ahead of LoRA of its rank", "dora", "strength", ("dora 4",), ("ahead",), "behind",
    ),
    Claim(
        "PiSSA’s start in random directions is behind PiSSA", "basis", "basis",
        ("pissa 4, random basis",), ("behind",), "ahead",
    ),
)  # fmt: skip
"""Findings of the experiment for which this study has entries."""


SWEPT = ("rate", "frontier")
"""Findings of which sweeps tell here, with one seed, and so no word."""


def of(finding: str) -> list[Claim]:
    """Return what a finding of the experiment claims that is asked here."""
    return [claim for claim in CLAIMS if claim.finding == finding]

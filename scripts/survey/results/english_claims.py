"""Findings of the experiment, asked again of the real English model: whether each holds there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scripts.survey.facts.addresses import Fact
from scripts.survey.results import effects, english
from scripts.survey.results.effects import Effect
from scripts.survey.results.english import Measure, plan


class Claim(NamedTuple):
    """A finding of the experiment, and the words that would say the same here, or the opposite."""

    says: str
    finding: str
    """Its key on the experiment's page."""
    entries: tuple[str, ...]
    same: tuple[effects.Word, ...]
    opposite: effects.Word
    measure: Measure = english.accuracy

    def word(self, effect: Effect) -> effects.Word:
        """Return what may be said of a comparison; *level* is within a point, so of accuracy."""
        points = self.measure is english.accuracy
        return "not told apart" if effect.word == "level" and not points else effect.word

    def here(self) -> str:
        words = {
            self.word(english.effect(entry, task, self.measure))
            for entry in self.entries
            for task in plan().tasks
        }
        if self.opposite in words:
            return "does not hold"
        return "holds" if words <= set(self.same) else "open"


CLAIMS = (
    Claim(
        "At LoRA’s size no other family is ahead of it", "size",
        ("oft 16", "pissa 4", "shira 0.0156", "delora 4, strength 1", "delora 4, strength 4",
         "delora 4, strength 0.25"),
        ("behind", "level", "not told apart"), "ahead",
    ),
    Claim("OFT learns less than LoRA", "forms", ("oft 16",), ("behind",), "ahead"),
    Claim(
        "OFT forgets more than LoRA", "forms", ("oft 16",), ("ahead",), "behind",
        english.forgetting,
    ),
    Claim(
        "IA3 and LN tuning learn less than LoRA", "gains", ("ia3", "ln tuning"),
        ("behind",), "ahead",
    ),
    Claim(
        "DoRA is ahead of LoRA of its rank", "dora", ("dora 4",), ("ahead",), "behind",
    ),
    Claim(
        "PiSSA’s start in random directions is behind PiSSA", "basis",
        ("pissa 4, random basis",), ("behind",), "ahead",
    ),
)  # fmt: skip
"""Findings of the experiment for which this study has entries."""


SWEPT = ("rate", "frontier")
"""Findings of which sweeps tell here, with one seed, and so no word."""


def of(finding: str) -> list[Claim]:
    return [claim for claim in CLAIMS if claim.finding == finding]


def facts() -> Iterator[Fact]:
    """Yield all facts: english/findings: OFT learns less than LoRA, word."""
    return (english.fact("findings", claim.says, "word", claim.here()) for claim in CLAIMS)

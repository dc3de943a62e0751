"""Effects in points of full fine-tuning's improvement, and the words that follow from them.

A point is a hundredth of the improvement that full fine-tuning reaches on the same text, from the
same base model. Where three base models were trained the interval is over their means, otherwise
over the five seeds of one, corrected for what the question compares.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from scripts.survey.facts import say
from scripts.survey.facts.reader import paired
from scripts.survey.results.experiment import (
    SEEDS,
    Cell,
    Measure,
    Run,
    finals,
    forgetting,
    improvement,
)
from scripts.survey.results.questions import Question
from scripts.survey.statistics.intervals import interval

Word: TypeAlias = Literal["ahead", "behind", "level", "not told apart"]

LEVEL = 1.0
"""Points: who is no further than this to either side, with the whole interval, is level."""

BASES = (0, 1, 2)

WORDS = re.compile(r"\b(ahead|behind|level|not told apart|more|less)\b")


class Effect(NamedTuple):
    """A difference in points, positive where the method is better."""

    mean: float
    low: float
    high: float

    @property
    def word(self) -> Word:
        return word(self.low, self.high)

    def __str__(self) -> str:
        """Return the finding, then the interval, no end of which looks like zero and is not.

        >>> str(Effect(1.9, 0.04, 3.7)), str(Effect(0.2, -0.008, 0.4))
        ('1.9 points ahead (0.04 to 3.7)', 'level (+0.2 points, −0.008 to 0.4)')
        """
        return in_words(self.word, self.mean, self.low, self.high)


def in_words(word: str, mean: float, low: float, high: float) -> str:
    """Return a difference in points by its word, with its interval."""
    if word in ("ahead", "behind"):
        near, far = sorted((abs(low), abs(high)))
        return f"{say.number(abs(mean), 1)} points {word} ({say.sided(near, far)})"
    return f"{word} ({say.signed(mean, 1)} points, {say.sided(low, high)})"


def word(low: float, high: float) -> Word:
    """Return what may be said of an interval in points.

    >>> word(0.1, 2), word(-3, -2), word(-0.4, 0.9), word(-1.1, 0.5)
    ('ahead', 'behind', 'level', 'not told apart')
    """
    if low > 0 or high < 0:
        return "ahead" if low > 0 else "behind"
    return "level" if max(-low, high) <= LEVEL else "not told apart"


def points(run: Run) -> float:
    """Return the share of full fine-tuning's improvement, in points."""
    return 100 * improvement(run)


def cells(arm: str, baseline: str, cell: Cell) -> list[Cell]:
    """Return the cells of all base models if both methods were run in them, otherwise the one."""
    every = [cell._replace(base=base) for base in BASES]
    full = all(len(finals(name, c)) == SEEDS for name in (arm, baseline) for c in every)
    return every if full and cell.base == 0 else [cell]


def between(
    arm: str, baseline: str, cell: Cell, among: int = 1, measure: Measure = points
) -> Effect:
    """Return how much more of a measure a method has than another.

    Args:
        cell: The cell; its base model stands for all three, if they were run.
        among: How many intervals over seeds share the risk.
        measure: By default the improvement, in points.

    Raises:
        LookupError: when runs are missing.
    """
    where = cells(arm, baseline, cell)
    pairs = [(finals(arm, c), finals(baseline, c)) for c in where]
    if not all(len(one) == len(other) == SEEDS for one, other in pairs):
        raise LookupError(f"{arm!r} or {baseline!r} has not been run with all seeds in {cell}")
    if len(where) > 1:
        return Effect(*interval(paired(one, other, measure).mean for one, other in pairs))
    return Effect(*paired(*pairs[0], measure, among))


def effect(asked: Question, arm: str, cell: Cell, baseline: str = "") -> Effect:
    """Return how an arm of a question compares with its baseline, or with another arm.

    Raises:
        LookupError: when the question does not ask that, or runs are missing.
    """
    arms = asked.ran(cell) if asked.arms == "all" else asked.arms
    for name in filter(None, (arm, baseline)):
        if name not in arms:
            raise LookupError(f"the question {asked.key!r} has no arm {name!r}: {', '.join(arms)}")
    return between(arm, baseline or asked.baseline, cell, asked.among(cell))


def forgets(arm: str, cell: Cell, baseline: str = "lora 4") -> Effect:
    return between(arm, baseline, cell, measure=forgetting)


def in_nats(difference: Effect) -> str:
    return say.lead(difference[:3], ("less", "more"), digits=2)


def said(text: str) -> str:
    """Return the word that a text says of a difference, nothing where it says none.

    >>> said("1.1 points ahead (0.9 to 1.2)"), said("0.5 nats less (0.4 to 0.6)"), said("55 %")
    ('ahead', 'less', '')
    """
    match = WORDS.search(text)
    return match[0] if match else ""

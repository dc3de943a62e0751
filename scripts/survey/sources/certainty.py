"""Certainty of a pooled effect, in four grades, by a rule after GRADE.

Source: Guyatt et al. 2008, BMJ 336: it starts by who ran the comparisons and goes down for risk of
bias, inconsistency, imprecision and indirectness. docs/findings/grading.md has the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from scripts.survey.sources.bias import Group, Risk
from scripts.survey.statistics.pool import Pooled

Grade: TypeAlias = Literal["very low", "low", "moderate", "high"]
GRADES: tuple[Grade, ...] = ("very low", "low", "moderate", "high")

Word: TypeAlias = Literal["ahead", "behind", "level", "not told apart", "not pooled"]

MATTERS = 2.0
"""Points from which a difference matters for a choice: less is a tie on docs/choose.md, too."""

START: dict[Group, int] = {
    "authors": 1, "rivals": 2, "independents": 3, "benchmark": 3, "here": 0,
}  # fmt: skip
"""The grade from which it goes down, by the most disinterested group that has a source."""


class Evidence(NamedTuple):
    """Evidence for the certainty of an effect; one risk and one group for each source."""

    groups: Sequence[Group]
    risks: Sequence[Risk]
    pooled: Pooled | None
    models: int
    suites: int


class Certainty(NamedTuple):
    """The grade, and each step that led there, as the domain and the reason."""

    grade: Grade
    start: Grade
    steps: tuple[tuple[str, str], ...]

    @property
    def value(self) -> int:
        """The grade as a number: 0 for very low, 3 for high."""
        return GRADES.index(self.grade)

    @property
    def domains(self) -> list[str]:
        return [domain for domain, _ in self.steps]


def certainty(evidence: Evidence) -> Certainty:
    """Return how certain an effect is.

    A source more that finds the pooled effect as precisely, by independents and of low risk, never
    lowers it, and a source whose risk gets worse never raises it (test_certainty.py).
    """
    start = max((START[group] for group in evidence.groups), default=0)
    steps = tuple(_steps(evidence))
    return Certainty(GRADES[max(0, start - len(steps))], GRADES[start], steps)


def _steps(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield each step down; risk of bias can be two."""
    sources = len(evidence.risks)
    low, high = (sum(risk == r for risk in evidence.risks) for r in ("low", "high"))
    if 2 * low < sources:
        yield (
            "risk of bias",
            f"low in {low} of {sources} source{'s' * (sources != 1)}",
        )
    if 2 * high > sources:
        yield "risk of bias", f"high in {high} of {sources}"
    pooled = evidence.pooled
    if pooled is None:
        yield "inconsistency", "too few sources to see how they differ"
        yield "imprecision", "too few sources for an interval"
    else:
        if min(-pooled.least, pooled.most) > MATTERS:
            yield "inconsistency", "a further source may find a lead or a loss"
        if word(pooled) == "not told apart":
            yield "imprecision", "the interval includes a lead or a loss as well as no difference"
    if min(evidence.models, evidence.suites) < 2:
        yield "indirectness", "one model or one suite"


def word(pooled: Pooled | None) -> Word:
    if pooled is None:
        return "not pooled"
    if pooled.low > 0 or pooled.high < 0:
        return "ahead" if pooled.low > 0 else "behind"
    return "level" if max(-pooled.low, pooled.high) <= MATTERS else "not told apart"

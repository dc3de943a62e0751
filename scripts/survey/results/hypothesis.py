"""The rule for hypotheses: from a method and its own controls to a word, by arithmetic alone.

Three lines of evidence are read. *Trained*: what a method improves beyond its control, over tasks
and base models. *Reach*: what it describes beyond its control of changes that full fine-tuning
made. *Printed*: contrasts of the same kind that others printed. docs/how-it-was-done.md says
the rule in words.

A difference is the method's less the control's, in shares of full fine-tuning's improvement (or of
what is to be described), so that more is better. The base model is a random effect: the unit is the
mean over tasks and seeds in one base model. Three of them say little about how far base models
differ, so that variance is shared among all comparisons (a moderated t: smyth2004moderated).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, inf, isfinite, log, sqrt
from statistics import fmean, variance
from typing import Literal, NamedTuple, TypeAlias

from scipy import stats
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

MARGIN = 0.01
"""The smallest difference that counts: 1 % of full fine-tuning's improvement."""

RISK = 0.05
"""Of one wrong effect, or of one wrong equality, among all that are judged together."""

ENOUGH = 5
"""Comparisons from which the spread of variances is estimated."""

Outcome: TypeAlias = Literal["ahead", "equal", "behind", "not resolved"]
Sign: TypeAlias = Literal["for", "none", "against", "open"]
Claim: TypeAlias = Literal["ahead", "level"]
Word: TypeAlias = Literal[
    "holds", "holds in part", "no better than its control", "worse", "cannot be told"
]
Place: TypeAlias = tuple[str, int]
"""A task and a base model."""


class Comparison(NamedTuple):
    method: str
    control: str
    claim: Claim
    """The hypothesis's claim: that the method is ahead, or that it is not behind."""
    differences: Mapping[Place, Sequence[float]]
    """By seed, all tasks in all base models."""

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task for task, _ in self.differences))

    def units(self, tasks: Iterable[str] | None = None) -> list[list[float]]:
        """Return the differences by seed in each base model, a mean over tasks.

        Seeds are taken in their order: those of two tasks have nothing in common, so it matters to
        no mean which one is paired with which.
        """
        chosen = set(self.tasks if tasks is None else tasks)
        bases: dict[int, list[Sequence[float]]] = {}
        for (task, base), values in self.differences.items():
            if task in chosen:
                bases.setdefault(base, []).append(values)
        return [[fmean(column) for column in zip(*bases[b], strict=True)] for b in sorted(bases)]


class Prior(NamedTuple):
    """The prior of the variance between base models, from all comparisons together."""

    freedom: float
    variance: float


NOTHING = Prior(0.0, 0.0)


def prior(variances: Sequence[float], freedom: float) -> Prior:
    """Return the scaled inverse χ² that variances of equal freedom come from (Smyth, 2004).

    The moments of their logarithms give it in closed form but for an inverse of the trigamma
    function. With less than `ENOUGH` variances, or where one is zero, nothing is shared.
    """
    if len(variances) < ENOUGH or min(variances) <= 0 or freedom <= 0:
        return NOTHING
    half = freedom / 2
    logs = [log(v) - float(digamma(half)) + log(half) for v in variances]
    middle = fmean(logs)
    excess = variance(logs) - float(polygamma(1, half))
    if excess <= 1e-6:
        return Prior(inf, exp(middle))
    own = brentq(lambda x: float(polygamma(1, x)) - excess, 1e-8, 1e8)
    return Prior(2 * own, exp(middle + float(digamma(own)) - log(own)))


class Effect(NamedTuple):
    """A difference with its interval, which all effects judged together share the risk of."""

    mean: float
    low: float
    high: float
    near: float
    """Half the width of the interval of the two one-sided tests."""
    freedom: float
    bases: int

    @property
    def outcome(self) -> Outcome:
        """The first of four outcomes that applies, equality before a sign.

        >>> Effect(0.004, 0.001, 0.007, 0.003, 8, 3).outcome
        'equal'
        >>> Effect(0.03, 0.01, 0.05, 0.02, 8, 3).outcome
        'ahead'
        """
        if abs(self.mean) + self.near < MARGIN:
            return "equal"
        if self.low > 0:
            return "ahead"
        return "behind" if self.high < 0 else "not resolved"


def effect(units: Sequence[Sequence[float]], shared: Prior, among: int) -> Effect:
    """Return the mean over base models, of which each has its differences by seed.

    The variance is that between base models, moderated by what is shared, and never less than the
    seeds alone give.
    """
    means = [fmean(unit) for unit in units]
    middle, n = fmean(means), len(means)
    seeds = fmean(variance(u) / len(u) if len(u) > 1 else 0.0 for u in units)
    own = variance(means) if n > 1 else 0.0
    freedom = shared.freedom + n - 1
    if n < 2:
        return Effect(middle, -inf, inf, inf, freedom, n)
    if isfinite(freedom):
        moderated = (shared.freedom * shared.variance + (n - 1) * own) / freedom
    else:
        moderated = shared.variance
    error = sqrt(max(moderated, seeds) / n)
    both, one = (float(stats.t.isf(RISK / among / sides, freedom)) for sides in (2, 1))
    return Effect(middle, middle - both * error, middle + both * error, one * error, freedom, n)


class Judged(NamedTuple):
    """The effect of a comparison, over all tasks and on each."""

    comparison: Comparison
    overall: Effect
    by_task: dict[str, Effect]

    @property
    def sign(self) -> Sign:
        return sign(self.overall.outcome, self.comparison.claim)

    @property
    def in_part(self) -> bool:
        claim = self.comparison.claim
        return any(sign(e.outcome, claim) == "for" for e in self.by_task.values())

    @property
    def contradicted_on(self) -> tuple[str, ...]:
        claim = self.comparison.claim
        return tuple(t for t, e in self.by_task.items() if sign(e.outcome, claim) == "against")


def sign(outcome: Outcome, claim: Claim = "ahead") -> Sign:
    """Return what an outcome says of a hypothesis.

    >>> sign("equal"), sign("equal", "level"), sign("behind", "level")
    ('none', 'for', 'against')
    """
    if outcome == "equal":
        return "for" if claim == "level" else "none"
    signs: dict[Outcome, Sign] = {"ahead": "for", "behind": "against", "not resolved": "open"}
    return signs[outcome]


def judge(comparisons: Sequence[Comparison]) -> list[Judged]:
    """Return what all comparisons amount to, each over all tasks and on each of them.

    One family shares the risk: every comparison, overall and on every task. Variances are shared
    among comparisons on the same tasks.
    """
    among = sum(1 + len(c.tasks) for c in comparisons)
    pooled = shared([c.units() for c in comparisons])
    tasks = dict.fromkeys(task for c in comparisons for task in c.tasks)
    own = {t: shared([c.units([t]) for c in comparisons if t in c.tasks]) for t in tasks}
    return [
        Judged(
            c,
            effect(c.units(), pooled, among),
            {task: effect(c.units([task]), own[task], among) for task in c.tasks},
        )
        for c in comparisons
    ]


def shared(effects: Sequence[Sequence[Sequence[float]]]) -> Prior:
    """Return what comparisons say together of the variance between base models.

    Those that have as many base models as most are asked.
    """
    counts = [len(units) for units in effects if len(units) > 1]
    if not counts:
        return NOTHING
    n = max(set(counts), key=counts.count)
    spread = [variance(fmean(u) for u in units) for units in effects if len(units) == n]
    return prior(spread, n - 1)


# The word -----------------------------------------------------------------------------------------


class Printed(NamedTuple):
    """A source's printed comparison of a method with the same without its hypothesis."""

    source: str
    side: Sign
    by_authors: bool


class Verdict(NamedTuple):
    word: Word
    trained: tuple[Sign, ...]
    """By control."""
    reach: tuple[Sign, ...]
    printed: Sign


def decide(
    trained: Sequence[Judged], reach: Sequence[Judged] = (), printed: Sequence[Printed] = ()
) -> Verdict:
    """Return the word for one method.

    - *holds*: every control is beaten (or, where the hypothesis says that a choice does not matter,
      none does better), over all tasks and behind on none, and neither reach nor print is against.
    - *holds in part*: not that, but something is for it: one control, one task, reach, or print.
    - *worse*: nothing is for it, and a control is ahead.
    - *no better than its control*: nothing is for it or against it, and every control is equal.
    - *cannot be told*: all else.
    """
    signs = tuple(j.sign for j in trained)
    reached, print_ = tuple(j.sign for j in reach), balance(printed)
    elsewhere = (*reached, print_)
    contradicted = any(j.contradicted_on for j in trained)
    in_part = "for" in signs or "for" in elsewhere or any(j.in_part for j in trained)
    opposed = contradicted or "against" in elsewhere
    word: Word = "cannot be told"
    if signs and set(signs) == {"for"} and not opposed:
        word = "holds"
    elif in_part:
        word = "holds in part"
    elif "against" in signs:
        word = "worse"
    elif signs and set(signs) == {"none"} and not opposed:
        word = "no better than its control"
    return Verdict(word, signs, reached, print_)


def balance(printed: Iterable[Printed]) -> Sign:
    """Return what sources say together, each with one vote: a side that no source contradicts.

    >>> balance([Printed("a", "for", True), Printed("a", "against", True)])
    'open'
    >>> balance([Printed("a", "for", True), Printed("b", "none", False)])
    'for'
    """
    votes: dict[str, list[Sign]] = {}
    for row in printed:
        votes.setdefault(row.source, []).append(row.side)
    sides = {_of_one(rows) for rows in votes.values()} - {"open"}
    if {"for", "against"} <= sides:
        return "open"
    for side in ("for", "against", "none"):
        if side in sides:
            return side
    return "open"


def _of_one(sides: Sequence[Sign]) -> Sign:
    """Return a source's vote: what more than half of its rows say."""
    for side in ("for", "against", "none"):
        if 2 * sides.count(side) > len(sides):
            return side
    return "open"

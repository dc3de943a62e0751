"""The facts of the study of controls.

controls: oft 16, shuffled, trained      ahead of this control by so many points; `reach` likewise
controls: oft 16, shuffled, prose        the same on one task
controls: oft 16, shuffled, pairs on prose   in how many pairs of runs it is ahead there
controls: texts, same sign               comparisons of one sign on code and on the novel; `all`
controls: oft 16, where                  on what it was trained; of `improvements` on what all were
controls: oft 16, improvement            a share of full fine-tuning's improvement
controls: oft 16, improvement on prose   the same on one task
controls: oft 16, memorised              the share of random sequences that it knows
controls: guessing, improvement          what a guess at random improves there
controls: relaxed, behind                how many of a kind came out so; `all`, `near`, `widest`
controls: words, holds                   methods that have the word

A kind is `relocated` or `relaxed` where the method has to beat its control, `level` where it need
only match it, or all `controls`. Those that are `near` differ by less than a point and are not told
apart; `widest` is how far the intervals go of all that are not told apart, in points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from scripts.survey import bets, say
from scripts.survey.controls import Whose, guessing, improvements, memorised, runs, shared
from scripts.survey.facts import Fact
from scripts.survey.hypothesis import MARGIN, Comparison, Effect, Outcome

SOURCE = "controls"
PLACES = {"trained": "docs/data/controls.csv", "reach": "docs/data/controls_reach.csv"}


def facts() -> Iterator[Fact]:
    """Yield what is decided, method by method, then how many came out how."""
    every: dict[str, list[Effect]] = {}
    for bet in (bet for bet in bets.bets() if bet.verdict):
        yield _where(bet.method, bets.tasks(bet))
        for e in bet.controls:
            row, both = f"{bet.method}, {e.control}", bet.beside(e.control)
            for (evidence, place), judged in zip(PLACES.items(), both, strict=True):
                if judged:
                    yield _apart(row, evidence, judged.overall, place)
            if trained := both[0]:
                for task, effect in trained.by_task.items():
                    yield _apart(row, task, effect, PLACES["trained"])
                    yield _pairs(row, task, trained.comparison)
                for kind in ("controls", e.kind if e.claim == "ahead" else e.claim):
                    every.setdefault(kind, []).append(trained.overall)
    for row, some in every.items():
        open_ = [e for e in some if e.outcome == "not resolved"]
        counts = {"all": len(some), "near": sum(abs(e.mean) < MARGIN for e in open_)}
        counts |= {o: sum(e.outcome == o for e in some) for o in get_args(Outcome)}
        for column, count in counts.items():
            yield Fact(SOURCE, "", row, column, count, say.count(count), PLACES["trained"])
        widest = 100 * max((max(-e.low, e.high) for e in open_), default=0.0)
        yield Fact(SOURCE, "", row, "widest", widest, say.number(widest, 1), PLACES["trained"])
    yield from _texts()
    yield from _improvements()
    yield _where("improvements", list(dict.fromkeys(task for task, _ in shared(runs()))))
    for word in bets.words():
        count = sum(bet.word == word for bet in bets.bets())
        yield Fact(SOURCE, "", "words", word, count, say.count(count), PLACES["trained"])


def _pairs(row: str, task: str, among: Comparison) -> Fact:
    found = [d for (on, _), some in among.differences.items() if on == task for d in some]
    ahead = sum(d > 0 for d in found)
    text = f"{ahead} of {len(found)}"
    return Fact(SOURCE, "", row, f"pairs on {task}", ahead, text, PLACES["trained"])


def _texts() -> Iterator[Fact]:
    both = [
        (j.by_task["code"].mean > 0) == (j.by_task["prose"].mean > 0)
        for bet in bets.bets()
        for j in bet.trained
        if {"code", "prose"} <= j.by_task.keys()
    ]
    for column, count in (("all", len(both)), ("same sign", sum(both))):
        yield Fact(SOURCE, "", "texts", column, count, say.count(count), PLACES["trained"])


def _improvements() -> Iterator[Fact]:
    for whose, improvement in improvements(runs()).items():
        for task, share in improvement.items():
            yield _share(whose, f"improvement on {task}" if task else "improvement", share)
    for whose, share in memorised(runs()).items():
        yield _share(whose, "memorised", share)
    if (guess := guessing(runs())) is not None:
        yield _share(("guessing", ""), "improvement", guess)


def _share(whose: Whose, column: str, share: float) -> Fact:
    row = ", ".join(filter(None, whose))
    return Fact(SOURCE, "", row, column, share, say.percent(share), PLACES["trained"], "percent")


def _where(row: str, some: Sequence[str]) -> Fact:
    return Fact(SOURCE, "", row, "where", len(some), bets.on(some), PLACES["trained"], "text")


def _apart(row: str, column: str, found: Effect, place: str) -> Fact:
    return Fact(SOURCE, "", row, column, 100 * found.mean, in_points(found), place)


def in_points(found: Effect) -> str:
    """Return an effect as it is said of other differences in points."""
    low, high, mean = 100 * found.low, 100 * found.high, 100 * found.mean
    if found.outcome in ("equal", "not resolved"):
        said = {"equal": "level", "not resolved": "not told apart"}[found.outcome]
        return f"{said} ({say.signed(mean, 1)} points, {say.sided(low, high)})"
    near, far = sorted((abs(low), abs(high)))
    return f"{say.number(abs(mean), 1)} points {found.outcome} ({say.sided(near, far)})"

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
controls: study, runs                    all of them, those of sweeps, too; where all were trained
controls: intervals, equal               half the width of the narrowest test for equality, points
controls: checks, power                  planted comparisons that the method leads, of how many
controls: checks, leads                  by how much; `twice`, controls told from a second draw

A kind is `relocated` or `relaxed` where the method has to beat its control, `level` where it need
only match it, or all `controls`. Those that are `near` differ by less than a point and are not told
apart; `widest` is how far the intervals go of all that are not told apart, in points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import rows
from scripts.survey.results import bets, controls
from scripts.survey.results.controls import Run, found, guessing, improvements, memorised, shared
from scripts.survey.results.hypothesis import MARGIN, RISK, Comparison, Effect, Outcome

SOURCE = "controls"
fact = Maker(SOURCE, "docs/data/controls.csv")
in_reach = Maker(SOURCE, "docs/data/controls_reach.csv")


def facts() -> Iterator[Fact]:
    """Yield what is decided, method by method, then how many came out how."""
    every: dict[str, list[Effect]] = {}
    for bet in bets.bets():
        yield _where(bet.method, bets.tasks(bet))
        for e in bet.controls:
            row, (trained, reach) = f"{bet.method}, {e.control}", bet.beside(e.control)
            assert trained
            yield fact("", row, "control", e.control)
            yield fact("", row, "kind", e.kind)
            if e.reached is not None:
                sizes = (
                    entry.reached for entry in controls.entries() if entry[:2] == (bet.method, "")
                )
                yield fact("", row, "dimensions", f"{next(sizes):,} · {e.reached:,}")
            yield _apart(fact, row, "trained", trained.overall)
            if reach:
                yield _apart(in_reach, row, "reach", reach.overall)
            for task, effect in trained.by_task.items():
                yield _apart(fact, row, task, effect)
                yield _pairs(row, task, trained.comparison)
            for kind in ("controls", e.kind if e.claim == "ahead" else e.claim):
                every.setdefault(kind, []).append(trained.overall)
    for row, some in every.items():
        open_ = [e for e in some if e.outcome == "not resolved"]
        counts = {"all": len(some), "near": sum(abs(e.mean) < MARGIN for e in open_)}
        counts |= {o: sum(e.outcome == o for e in some) for o in get_args(Outcome)}
        for column, count in counts.items():
            yield fact("", row, column, count, "count")
        widest = 100 * max((max(-e.low, e.high) for e in open_), default=0.0)
        yield fact("", row, "widest", widest, "1")
    yield from _texts()
    yield from _improvements()
    for word in bets.words():
        yield fact("", "words", word, sum(bet.word == word for bet in bets.bets()), "count")
    yield from _study(every["controls"])


def _pairs(row: str, task: str, among: Comparison) -> Fact:
    some = [d for (on, _), own in among.differences.items() if on == task for d in own]
    ahead = sum(d > 0 for d in some)
    return fact("", row, f"pairs on {task}", ahead, "0")._replace(text=f"{ahead} of {len(some)}")


def _texts() -> Iterator[Fact]:
    both = [
        (j.by_task["code"].mean > 0) == (j.by_task["prose"].mean > 0)
        for bet in bets.bets()
        for j in bet.trained
        if {"code", "prose"} <= j.by_task.keys()
    ]
    for column, count in (("all", len(both)), ("same sign", sum(both))):
        yield fact("", "texts", column, count, "count")


def _improvements() -> Iterator[Fact]:
    for whose, improvement in improvements(found()).items():
        for task, share in improvement.items():
            column = f"improvement on {task}" if task else "improvement"
            yield fact("", ", ".join(filter(None, whose)), column, share, "0 %")
    if sequences := memorised(found()):
        yield fact("", "guessing", "improvement", guessing(found()), "0 %")
    for whose, share in sequences.items():
        yield fact("", ", ".join(filter(None, whose)), "memorised", share, "0 %")
    yield _where("improvements", list(dict.fromkeys(task for task, _ in shared(found()))))


def _study(judged: Sequence[Effect]) -> Iterator[Fact]:
    """Yield how large the study is, what it can tell, and what it tests itself by."""
    yield fact("", "study", "runs", len(rows(Run, controls.TABLE)), "count")
    yield fact("", "study", "methods", len(bets.bets()), "count")
    yield fact("", "study", "where", bets.where(*bets.bets()))
    yield fact("", "study", "margin", MARGIN, "0 %")
    yield fact("", "study", "risk", RISK, "0 %")
    yield fact("", "intervals", "equal", 100 * min(e.near for e in judged), "2")
    power, size = (bets.checked()[what] for what in ("power", "size"))
    leads = [100 * j.overall.mean for j in power if j.overall.outcome == "ahead"]
    yield fact("", "checks", "power", f"{len(leads)} of {len(power)}")
    yield fact("", "checks", "leads", f"{min(leads):.0f} to {max(leads):.0f}" if leads else "")
    twice = sum(j.overall.outcome in ("ahead", "behind") for j in size)
    yield fact("", "checks", "twice", f"{twice or 'none'}")
    for kind, some in (("power", power), ("size", size)):
        for j in some:
            row = f"{j.comparison.method}, {j.comparison.control}"
            yield _apart(fact, row, "planted" if kind == "power" else "again", j.overall)


def _where(row: str, some: Sequence[str]) -> Fact:
    return fact("", row, "where", len(some), "0")._replace(text=bets.on(some), form="text")


def _apart(made: Maker, row: str, column: str, effect: Effect) -> Fact:
    points = [100 * v for v in (effect.mean, effect.low, effect.high)]
    return made("", row, column, tuple(points), "1")._replace(text=in_points(effect))


def in_points(effect: Effect) -> str:
    """Return an effect as it is said of other differences in points."""
    low, high, mean = 100 * effect.low, 100 * effect.high, 100 * effect.mean
    if effect.outcome in ("equal", "not resolved"):
        said = {"equal": "level", "not resolved": "not told apart"}[effect.outcome]
        return f"{said} ({say.signed(mean, 1)} points, {say.sided(low, high)})"
    near, far = sorted((abs(low), abs(high)))
    return f"{say.number(abs(mean), 1)} points {effect.outcome} ({say.sided(near, far)})"

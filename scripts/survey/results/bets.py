"""Every bet against its own controls: what was trained, described and printed, and the word.

The rule is hypothesis.py beside this file, the runs are those of scripts/studies/controls.py, the
fits those of scripts/studies/reach.py.

controls: oft 16, shuffled, trained      ahead of this control by so many points; `reach` likewise
controls: oft 16, shuffled, prose        the same on one task
controls: oft 16, shuffled, pairs on prose   in how many pairs of runs it is ahead there
controls: texts, same sign               comparisons of one sign on code and on the novel; `all`
controls: oft 16, where                  on what it was trained; of `improvements` on what all were
controls: oft 16, improvement            a share of full fine-tuning's improvement
controls: oft 16, strongest              ahead of its strongest control by so many points; `word`
controls: oft 16, memorised              the share of random sequences that it knows
controls: guessing, improvement          what a guess at random improves there
controls: relaxed, behind                how many of a kind came out so; `all`, `near`, `widest`
controls: study, runs                    all of them, those of sweeps, too; where all were trained
controls: intervals, equal               half the width of the narrowest test for equality, points
controls: checks, power                  planted comparisons that the method leads, of how many
controls: checks, leads                  by how much; `twice`, controls told from a second draw

A kind is `relocated` or `relaxed` where the method has to beat its control, `level` where it need
only match it, or all `controls`. Those that are `near` differ by less than a point and are not told
apart; `widest` is how far the intervals go of all that are not told apart, in points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import inf
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, TypeAlias, get_args

from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import as_csv, rows
from scripts.survey.results import controls, effects
from scripts.survey.results.contrasts import Contrast, contrasts, printed
from scripts.survey.results.controls import (
    Runs,
    Trained,
    Whose,
    checks,
    comparisons,
    entries,
)
from scripts.survey.results.hypothesis import (
    MARGIN,
    RISK,
    Comparison,
    Effect,
    Judged,
    Outcome,
    Place,
    Verdict,
    Word,
    decide,
    judge,
    sign,
)

Numbers: TypeAlias = tuple[tuple[str, float], ...]


class Described(NamedTuple):
    """An entry's description of full fine-tuning's change of one matrix."""

    task: str
    base: int
    kind: str
    layer: int
    method: str
    control: str
    parameters: int
    share: float
    """Of ‖ΔW‖², below zero where it comes no nearer than no change at all."""

    @property
    def described(self) -> float:
        """The share; who comes no nearer than no change describes nothing."""
        return max(0.0, self.share)


class Bet(NamedTuple):
    """A method at the setting of the study, against each of its controls."""

    method: str
    slug: str
    controls: tuple[Trained, ...]
    trained: tuple[Judged, ...]
    reach: tuple[Judged, ...]
    printed: tuple[Contrast, ...]
    verdict: Verdict

    @property
    def word(self) -> Word:
        return self.verdict.word


# Reach --------------------------------------------------------------------------------------------

Matrix: TypeAlias = tuple[str, int, str, int]
"""A task and base model, and the kind and layer of a matrix."""

Shares: TypeAlias = dict[Whose, dict[Matrix, Described]]


def described() -> list[Described]:
    return rows(Described, controls.REACH)


def by_entry(fits: Iterable[Described]) -> Shares:
    shares: Shares = {}
    for d in fits:
        shares.setdefault((d.method, d.control), {})[d.task, d.base, d.kind, d.layer] = d
    return shares


def reaches(shares: Shares) -> list[Comparison]:
    """Return what every method describes beyond each control.

    A difference is a mean over the matrices of a base model. In a single matrix some have more
    parameters than their controls, which share theirs among matrices: these are left out.
    """
    made = []
    for e in entries():
        if not e.control or (e.method, e.control) not in shares:
            continue
        of, other = shares[e.method, ""], shares[e.method, e.control]
        if all(of[m].parameters == fit.parameters for m, fit in other.items()):
            gaps: dict[Place, list[float]] = {}
            for m, fit in sorted(other.items()):
                gaps.setdefault(m[:2], []).append(of[m].described - fit.described)
            differences = {place: [fmean(some)] for place, some in gaps.items()}
            made.append(Comparison(e.method, e.control, e.claim, differences))
    return made


# Bets ---------------------------------------------------------------------------------------------


def decided(by: Runs, shares: Shares) -> list[Bet]:
    trained, reach = judge(comparisons(by)), judge(reaches(shares))
    every = {e.method: e for e in entries() if not e.control}
    bets = []
    for method in dict.fromkeys(j.comparison.method for j in trained):
        own = tuple(c for c in entries() if c.control and c.method == method)
        ran, fits = (
            tuple(j for j in some if j.comparison.method == method) for some in (trained, reach)
        )
        slug = every[method].slug
        others = tuple(c for c in contrasts() if c.method == slug)
        verdict = decide(ran, fits, printed(slug))
        bets.append(Bet(method, slug, own, ran, fits, others, verdict))
    return sorted(bets, key=lambda bet: (-lead(bet.trained), -lead(bet.reach), bet.slug))


def lead(some: Sequence[Judged]) -> float:
    return min((j.overall.mean for j in some), default=-inf)


def bets() -> tuple[Bet, ...]:
    return _bets(controls.TABLE, controls.REACH)


@cache
def _bets(*tables: Path) -> tuple[Bet, ...]:
    return tuple(decided(controls.runs(), by_entry(described())))


def of(modules: Iterable[str]) -> list[Bet]:
    """Return the bets of some modules, in the order of these."""
    by = {bet.slug: bet for bet in bets()}
    return [by[slug] for slug in modules if slug in by]


def checked() -> dict[str, list[Judged]]:
    """Return what the study tests itself by: second draws as comparisons of the study are judged.

    The planted changes are a family of their own.
    """
    own, among = checks(controls.runs()), comparisons(controls.runs())
    return {
        "power": judge(own["power"]),
        "size": judge([*among, *own["size"]])[len(among) :],
    }


# In words -----------------------------------------------------------------------------------------


def because(bet: Bet) -> str:
    """Return why the word is what it is, and where that was found, in half a sentence."""
    return f"{where(bet)}: {reasons(bet)}"


def reasons(bet: Bet) -> str:
    """Return what is for the word of a method that is judged: its controls, then what is not alike.

    A text is told where another word follows there.
    """
    parts = [compared(j, j.overall) for j in bet.trained]
    parts += [
        f"{on([task])} {compared(j, effect)}"
        for j in bet.trained
        for task, effect in j.by_task.items()
        if sign(effect.outcome, j.comparison.claim) != j.sign
    ]
    return "; ".join([", ".join(parts), *elsewhere(bet), *disagreement(bet)])


def disagreement(bet: Bet) -> list[str]:
    """Return what is against a bet that holds in part, in half a sentence, if anything is."""
    lost = {task for j in bet.trained for task in j.contradicted_on}
    where = [on(task for task in tasks(bet) if task in lost)] if lost else []
    where += ["in reach"] if any(j.sign == "against" for j in bet.reach) else []
    mixed = bet.word == "holds in part" and where
    return [f"mixed, since {' and '.join(where)} a control is ahead"] if mixed else []


def where(*some: Bet) -> str:
    """Return where methods that are judged were trained; what only some have is said of these."""
    models = len({base for bet in some for _, base in bet.trained[0].comparison.differences})
    has = Counter(task for bet in some for task in tasks(bet))
    rest = [f"{n} of them {on([task])} too" for task, n in has.items() if n < len(some)]
    shared = on(task for task, n in has.items() if n == len(some))
    return ", ".join([shared, *rest, f"in {models} base models of one small decoder"])


TEXTS = {"prose": "a novel", "memory": "random sequences"}
"""Tasks whose names say too little."""


def on(some: Iterable[str]) -> str:
    """Return on what a method was trained, in words.

    >>> on(["code"]), on(["code", "prose"])
    ('on code', 'on code and a novel')
    """
    return f"on {say.listed([called(task) for task in some])}"


def called(task: str) -> str:
    return TEXTS.get(task, task)


def tasks(bet: Bet) -> tuple[str, ...]:
    return bet.trained[0].comparison.tasks


def compared(judged: Judged, effect: Effect) -> str:
    """Return an effect in words, in points.

    A point is a hundredth of what full fine-tuning improves.
    """
    c = judged.comparison
    low, high = 100 * effect.low, 100 * effect.high
    points = say.number(abs(100 * effect.mean), 1)
    near, far = sorted((abs(low), abs(high)))
    signed = f"{say.signed(100 * effect.mean, 1)} points, {say.sided(low, high)}"
    whom = f"*{say.named(c.control)}*"
    return {
        "ahead": f"ahead of {whom} by {points} points ({say.sided(near, far)})",
        "behind": f"behind {whom} by {points} points ({say.sided(near, far)})",
        "equal": f"equal to {whom} ({signed})",
        "not resolved": f"no clear difference from {whom} ({signed})",
    }[effect.outcome] + (", which it need only match" if c.claim == "level" else "")


def elsewhere(bet: Bet) -> list[str]:
    counts, reasons = [j for j in bet.reach if j.sign in ("for", "against")], []
    says: dict[Outcome, str] = {"ahead": "ahead of", "equal": "equal to", "behind": "behind"}
    for outcome, place in says.items():
        whom = [
            f"*{say.named(j.comparison.control)}*" for j in counts if j.overall.outcome == outcome
        ]
        if whom:
            reasons.append(f"in reach {place} {say.listed(whom)}")
    if bet.verdict.printed in ("for", "against"):
        whose = "its authors" if all(c.by_authors for c in bet.printed) else "others"
        reasons.append(f"what {whose} printed is {bet.verdict.printed} it")
    return reasons


# As data ------------------------------------------------------------------------------------------

COLUMNS = (
    *("method", "control", "kind", "claim", "evidence", "where", "mean", "low", "high", "outcome"),
    *("sign", "word"),
)


def table(bets: Sequence[Bet]) -> str:
    """Return every judgement as CSV: of training and of reach, over all tasks and on each.

    Intervals share their risk among all that are judged together. A row of a base model is its
    mean, and has no interval.
    """
    lines: list[Sequence[str]] = [COLUMNS]
    for bet in bets:
        kinds = {e.control: e.kind for e in bet.controls}
        for evidence, some in (("trained", bet.trained), ("reach", bet.reach)):
            for j in some:
                c = j.comparison
                about = (bet.slug, c.control, kinds[c.control], c.claim, evidence)
                for where, e in (("all", j.overall), *j.by_task.items()):
                    ends = [f"{v:.5g}" for v in (e.mean, e.low, e.high)]
                    given = (e.outcome, sign(e.outcome, c.claim))
                    lines.append([*about, where, *ends, *given, bet.word])
                for base, mean in by_base(j):
                    lines.append([*about, base, f"{mean:.5g}", "", "", "", "", bet.word])
    return as_csv(lines)


def by_base(judged: Judged) -> Numbers:
    """Return the mean over tasks and seeds in each base model."""
    c = judged.comparison
    bases = sorted({base for _, base in c.differences})
    means = (fmean(unit) for unit in c.units())
    return tuple((f"base {base}", mean) for base, mean in zip(bases, means, strict=True))


# Facts --------------------------------------------------------------------------------------------

SOURCE = "controls"
SAID: dict[Outcome, str] = {
    "ahead": "ahead", "behind": "behind", "equal": "level", "not resolved": "not told apart",
}  # fmt: skip
fact = Maker(SOURCE, "docs/data/controls.csv")
in_reach = Maker(SOURCE, "docs/data/controls_reach.csv")


def facts() -> Iterator[Fact]:
    """Yield what is decided, method by method, then how many came out how."""
    every: dict[str, list[Effect]] = {}
    for bet in bets():
        yield _where(bet.method, tasks(bet))
        yield fact("", bet.method, "word", bet.word)
        strongest = min(
            (j.overall for j in bet.trained if j.comparison.claim == "ahead"), key=itemgetter(0)
        )
        yield _apart(fact, bet.method, "strongest", strongest)
        trained, reach = ({j.comparison.control: j for j in js} for js in (bet.trained, bet.reach))
        for e in bet.controls:
            row, judged = f"{bet.method}, {e.control}", trained[e.control]
            yield fact("", row, "control", e.control)
            yield fact("", row, "kind", e.kind)
            if e.reached is not None:
                sizes = (
                    entry.reached for entry in controls.entries() if entry[:2] == (bet.method, "")
                )
                yield fact("", row, "dimensions", f"{next(sizes):,} · {e.reached:,}")
            yield _apart(fact, row, "trained", judged.overall)
            if e.control in reach:
                yield _apart(in_reach, row, "reach", reach[e.control].overall)
            for task, effect in judged.by_task.items():
                yield _apart(fact, row, task, effect)
                yield _pairs(row, task, judged.comparison)
            for kind in ("controls", e.kind if e.claim == "ahead" else e.claim):
                every.setdefault(kind, []).append(judged.overall)
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
    yield from _study(every["controls"])


def _pairs(row: str, task: str, among: Comparison) -> Fact:
    some = [d for (on, _), own in among.differences.items() if on == task for d in own]
    ahead = sum(d > 0 for d in some)
    return fact("", row, f"pairs on {task}", ahead, "0")._replace(text=f"{ahead} of {len(some)}")


def _texts() -> Iterator[Fact]:
    both = [
        (j.by_task["code"].mean > 0) == (j.by_task["prose"].mean > 0)
        for bet in bets()
        for j in bet.trained
        if {"code", "prose"} <= j.by_task.keys()
    ]
    for column, count in (("all", len(both)), ("same sign", sum(both))):
        yield fact("", "texts", column, count, "count")


def _improvements() -> Iterator[Fact]:
    by = controls.runs()
    for whose, share in controls.improvements(by).items():
        yield fact("", ", ".join(filter(None, whose)), "improvement", share, "0 %")
    if sequences := controls.memorised(by):
        yield fact("", "guessing", "improvement", controls.guessing(by), "0 %")
    for whose, share in sequences.items():
        yield fact("", ", ".join(filter(None, whose)), "memorised", share, "0 %")
    yield _where("improvements", list(dict.fromkeys(task for task, _ in controls.shared(by))))


def _study(judged: Sequence[Effect]) -> Iterator[Fact]:
    yield fact("", "study", "runs", len(rows(controls.Run, controls.TABLE)), "count")
    yield fact("", "study", "methods", len(bets()), "count")
    yield fact("", "study", "where", where(*bets()))
    yield fact("", "study", "margin", MARGIN, "0 %")
    yield fact("", "study", "risk", RISK, "0 %")
    yield fact("", "intervals", "equal", 100 * min(e.near for e in judged), "2")
    power, size = (checked()[what] for what in ("power", "size"))
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
    return fact("", row, "where", len(some), "0")._replace(text=on(some), form="text")


def _apart(made: Maker, row: str, column: str, effect: Effect) -> Fact:
    points = (100 * effect.mean, 100 * effect.low, 100 * effect.high)
    return made("", row, column, points, "1")._replace(
        text=effects.in_words(SAID[effect.outcome], *points)
    )

"""LoRA, trained otherwise: the plan, as docs/data/otherwise.yml has it, its runs, rules and facts.

The runs are made by scripts/studies/otherwise.py. Nothing here needs JAX.

otherwise/arms: lora+ 16, points         beside LoRA of rank 4, with its interval and the word
otherwise/arms: lora+ 16, improvement    also loss, rate, forgetting, parameters,
                                         intruders, scattered and off, by half a decade of the rate
otherwise/arms: lora+ 16, below 0.3      intruders by this cosine, and those of a random change
otherwise/ranks: plain 64, lost          points lost at the rate of LoRA of rank 4; the scale `s`
otherwise/reduction: lora 4 0.75, cost   points; `saved` and `beyond` are shares of the forgetting
otherwise/judged: alpha, word            what came out by a rule; `points`, or how many `more`
otherwise/judged: alpha, says            both
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from math import isclose, log10
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple, Protocol

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker, Mean
from scripts.survey.facts.reader import by_seed, paired, rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results import experiment
from scripts.survey.results.effects import Effect
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART, point
from scripts.survey.statistics.intervals import Interval, interval

PLAN = ROOT / "docs" / "data" / "otherwise.yml"
TABLE = PLAN.with_suffix(".csv")
SOURCE = "otherwise"


class Plan(Record):
    task: Text
    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    damping: float
    settled: tuple[Text, ...]
    """Settings of the experiment, at the rates that they have there."""
    swept: dict[Text, int]
    """Arms with a sweep of their own, and where it begins, in half decades."""
    alike: dict[Text, Text]
    """Arms at the rate of another one."""
    ranks: tuple[Text, ...]
    """Arms that also run at the rate of LoRA of rank 4."""
    leading: int
    """How many singular vectors of a matrix can be intruders."""
    below: Annotated[tuple[float, ...], Field(min_length=1)]
    """Cosines below which one is, the one that is judged by first."""
    reduced: tuple[Text, ...]
    """Arms whose intruders are made weaker."""
    factors: tuple[float, ...]
    shrunk: tuple[float, ...]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


# Runs ---------------------------------------------------------------------------------------------


class Made(NamedTuple):
    """One run; losses are in nats a token."""

    arm: str
    rate: float
    seed: int
    phase: str
    parameters: int
    validation: float
    test: float
    held: float
    start_test: float
    start_held: float
    status: str
    intruders: tuple[int, ...] = ()
    scattered: tuple[int, ...] = ()
    reduced_test: tuple[float, ...] = ()
    reduced_held: tuple[float, ...] = ()
    shrunk_test: tuple[float, ...] = ()
    shrunk_held: tuple[float, ...] = ()

    @property
    def improvement(self) -> float:
        return (self.start_test - self.test) / point()

    @property
    def forgetting(self) -> float:
        return self.held - self.start_held


def finals(arm: str, phase: str = "final") -> dict[int, Made]:
    return by_seed(Made, TABLE, arm=arm, phase=phase)


def sweep(arm: str) -> list[Made]:
    return sorted(rows(Made, TABLE, arm=arm, phase="sweep"), key=lambda run: run.rate)


def arms() -> list[str]:
    alike = {of: name for name, of in plan().alike.items()}
    named = (*plan().settled, *plan().swept)
    return [one for name in named for one in (name, alike.get(name)) if one]


# The rules ----------------------------------------------------------------------------------------


class Tested(Protocol):
    """A run of this study or of the experiment."""

    @property
    def test(self) -> float:
        """The loss on the test, in nats."""


def ahead(one: Mapping[int, Tested], other: Mapping[int, Tested], among: int = 1) -> Effect:
    """Return by how many points one is ahead of another, paired by seed.

    Among several the interval is the one that all share, unless its own has zero in it, too.
    """
    shared, own = (paired(one, other, lambda run: -run.test / point(), n) for n in (among, 1))
    return Effect(*(own if own.none else shared))


def recipes() -> list[str]:
    return [name for name in plan().swept if name not in plan().ranks]


def recipe(arm: str) -> Effect:
    """Return how far an arm is ahead of LoRA; the recipes that are judged share an interval."""
    return ahead(finals(arm), finals("lora 4"), len(recipes()) if arm in recipes() else 1)


def transfer(arm: str) -> Interval:
    """Return by how many points an arm is behind at the rate of LoRA of rank 4.

    Nothing is lost where that rate is its own.
    """
    own = finals(arm)
    if isclose(own[1].rate, experiment.finals("lora 4")[1].rate, rel_tol=1e-4):
        return Interval(0.0, 0.0, 0.0)
    return paired(finals(arm, "transfer"), own, lambda run: run.test / point())


def off(arm: str) -> dict[str, float]:
    """Return the points lost half a decade below the best rate of a sweep, and above it.

    A run that diverged has lost all.
    """
    tried = {round(2 * log10(r.rate)): r for r in sweep(arm) or experiment.sweep(arm)}
    best = min(tried, key=lambda k: tried[k].validation, default=0)
    sides = {"half a decade below": best - 1, "half a decade above": best + 1}
    return {
        side: (tried[k].test - tried[best].test) / point()
        for side, k in sides.items()
        if k in tried
    }


Judged = tuple[str, Effect | Interval | str]
"""What a rule says: a word, and what it rests on."""


def transfers() -> Judged:
    """Return whether one rate serves all ranks with rsLoRA's scale, and with the plain one not."""
    counts = dict.fromkeys(SCALES, 0)
    for arm in plan().ranks:
        counts[arm.split()[0]] += transfer(arm).high < 1
    ranks = len(plan().ranks) // 2
    word = PART if counts["stable"] < ranks else HOLDS
    if counts["plain"] >= counts["stable"]:
        word = NOT
    ends = " and ".join(f"{SCALES[s]} at {n} of {ranks} ranks" for s, n in counts.items())
    return word, f"one rate serves {ends}"


SCALES = {"stable": "α/√r", "plain": "α/r"}


def is_alpha() -> Judged:
    effect = ahead(finals("alpha 16"), finals("lora+ 16"))
    if effect.word == "level" or (effect.low > -1 and effect.high < 1):
        return HOLDS, effect
    return (OPEN if effect.low <= 0 <= effect.high else NOT), effect


def has_more() -> Judged:
    more = paired(finals("lora 4"), finals("full"), lambda run: run.intruders[0])
    return (OPEN if more.none else HOLDS if more.low > 0 else NOT), more


class Saved(NamedTuple):
    """Forgetting that weaker intruders save, as shares, and their price in points."""

    factor: float
    cost: Interval
    saved: Interval
    beyond: Interval
    """What is saved beyond a whole change that is made smaller to the same test loss."""


def beyond(run: Made, i: int) -> float:
    """Return what the i-th factor saves beyond a smaller change, as a share of the forgetting.

    The smaller change has the same test loss, read off the straight line between two factors, those
    nearest to the trained change if there are several; where no factor gives that loss, it is the
    change that comes nearest to it.
    """
    tests, helds = (*run.shrunk_test, run.test), (*run.shrunk_held, run.held)
    same = run.reduced_test[i]
    for k in range(len(tests) - 1, 0, -1):
        one, other = tests[k - 1 : k + 1]
        if min(one, other) <= same <= max(one, other):
            way = (same - one) / (other - one) if other != one else 0.0
            held = helds[k - 1] + way * (helds[k] - helds[k - 1])
            break
    else:
        held = helds[min(range(len(tests)), key=lambda k: abs(tests[k] - same))]
    return (held - run.reduced_held[i]) / run.forgetting


def reduction(arm: str) -> list[Saved]:
    runs = finals(arm).values()
    return [
        Saved(
            factor,
            interval((run.reduced_test[i] - run.test) / point() for run in runs),
            interval((run.held - run.reduced_held[i]) / run.forgetting for run in runs),
            interval(beyond(run, i) for run in runs),
        )
        for i, factor in enumerate(plan().factors)
    ]


JUDGED, NOTHING = 0.75, 0.01
"""The factor that the reduction is judged at, and the share of forgetting that counts as none."""


def saves() -> str:
    (saved,) = (one.beyond for one in reduction("lora 4") if one.factor == JUDGED)
    if saved.low > 0:
        return HOLDS
    return NOT if saved.high < 0 or max(-saved.low, saved.high) <= NOTHING else OPEN


def judged() -> Iterator[tuple[str, Judged]]:
    apart = {arm: recipe(arm) for arm in recipes()} | {
        "size": ahead(finals("lora-fa"), experiment.finals("lora 2")),
        "tuned": ahead(finals("stable 64"), finals("plain 64")),
    }
    yield from ((row, (effect.word, effect)) for row, effect in apart.items())
    yield "alpha", is_alpha()
    yield "transfer", transfers()
    yield "intruders", has_more()
    yield "reduction", (saves(), "")


# Facts --------------------------------------------------------------------------------------------

MEANS: dict[str, Mean] = {
    "forgetting": (lambda run: run.forgetting, "2"),
    "intruders": (lambda run: run.intruders[0], "1"),
    "scattered": (lambda run: run.scattered[0], "1"),
    "improvement": (lambda run: run.improvement / 100, "0 %"),
    "rate": (lambda run: run.rate, "rate"),
    "parameters": (lambda run: run.parameters, "count"),
}


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/otherwise.csv")
    for arm in arms():
        made = finals(arm).values()
        yield from fact.means("arms", arm, made, MEANS)
        if arm != "lora 4":
            yield fact("arms", arm, "points", recipe(arm))
        for side, lost in off(arm).items():
            yield fact("arms", arm, side, lost, "1")
        for i, below in enumerate(plan().below):
            ours, chance = (
                say.number(fmean(counts[i] for counts in some), 1)
                for some in ([r.intruders for r in made], [r.scattered for r in made])
            )
            yield fact("arms", arm, f"below {below:g}", f"{ours} ({chance})")
    for arm in plan().ranks:
        scale, rank = arm.split()
        yield fact("ranks", arm, "lost", transfer(arm), "1 to")
        s = 8 / int(rank) if scale == "plain" else 4 / int(rank) ** 0.5
        yield fact("ranks", arm, "s", say.figures(s, 3))
    for arm in plan().reduced:
        for one in reduction(arm):
            row = f"{arm} {one.factor:g}"
            yield fact("reduction", row, "cost", one.cost, "1 to")
            yield fact("reduction", row, "saved", one.saved, "0 % to")
            yield fact("reduction", row, "beyond", one.beyond, "0 % to")
    for row, (word, result) in judged():
        yield fact("judged", row, "word", word)
        if isinstance(result, Effect):
            yield fact("judged", row, "points", result)
            yield fact("judged", row, "says", f"{word}: " * (word != result.word) + str(result))
            continue
        more = result if isinstance(result, str) else ""
        yield fact("judged", row, "says", f"{word}: {more}" if more else word)
    yield fact("study", "all", "runs", sum(len(finals(arm)) for arm in arms()), "count")

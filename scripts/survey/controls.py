"""The study of controls as pages and the rule read it: the plan, who is trained, and what came out.

Its runs are made by scripts/studies/controls.py. Nothing here needs JAX.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple, TypeAlias, cast

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.experiment import RANDOM, known
from scripts.survey.hypothesis import Claim, Comparison, Place
from scripts.survey.records import Record, Text, read_yaml
from scripts.survey.result import FULL

PLAN = ROOT / "docs" / "data" / "controls.yml"
TABLE = PLAN.with_suffix(".csv")
AGAIN = ", again"
"""Behind a control's name: the same control with other draws, which must make no difference."""

BIAS = "output bias"
"""The entry without an adapter: it trains a bias for each token of the output."""

ENTRIES = PLAN.with_name("controls_entries.csv")
REACH = PLAN.with_name("controls_reach.csv")


class Part(Record):
    """Cells that are run one after another, and decided together."""

    task: Text
    steps: int = 400
    bases: tuple[int, ...]
    methods: tuple[Text, ...] | None = None
    """Settings of the experiment's grid; all if none are named."""
    floors: bool = True
    check: bool = False
    """True if the study tests itself here: what comes out has no part in a verdict."""
    again: tuple[Text, ...] = ()
    """Entries whose control is run with other draws, too: the two must come out alike."""


class Cost(Record):
    """The cost of a run in seconds of a core, as trial runs had it."""

    step: float
    besides: float
    """Judging, at ten points and at the end."""
    compiling: float
    """Once for each entry, task and base model."""
    rates: float
    """Rates that a sweep takes in the first base model, as the experiment's did or so."""
    further_rates: float
    """The same in another base model."""


class Plan(Record):
    """The plan of the study."""

    sweep_seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    first: tuple[int, ...]
    """The rates with which a sweep begins: quarter decades around a guess."""
    further_first: tuple[int, ...]
    """The same in a base model other than the first, around the rate of the first."""
    most: int
    """Rates in a sweep."""
    knobs: dict[str, dict[str, float]]
    """Settings that differ from the experiment's, by a setting's name there."""
    cost: Cost
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    return read_yaml(Plan, path)


# Entries ------------------------------------------------------------------------------------------


class Trained(NamedTuple):
    """A setting of a method, a control of it, or a floor."""

    method: str
    control: str
    slug: str
    kind: str
    claim: Claim
    parameters: int
    frozen: int
    reached: int | None
    """In how many of 4,096 dimensions of a matrix the change can move."""


def entries(path: Path = ENTRIES) -> tuple[Trained, ...]:
    """Return who is trained, methods each before their controls."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Trained(
                r["method"], r["control"], r["slug"], r["kind"], cast(Claim, r["claim"]),
                int(r["parameters"]), int(r["frozen"]),
                int(r["reached"]) if r["reached"] else None,
            )
            for r in csv.DictReader(file)
        )  # fmt: skip


def floor(name: str) -> bool:
    """Say whether an entry stands for no hypothesis.

    >>> floor("output bias"), floor("entries 2304"), floor("ia3")
    (True, True, False)
    """
    return name == BIAS or name.startswith("entries ")


class Amount(NamedTuple):
    """The amount of work in a part of the plan."""

    entries: int
    cells: int
    runs: float
    core_hours: float


def amount(part: Part, chosen: Plan | None = None) -> Amount:
    """Return how much a part adds, with the rates that sweeps are expected to take."""
    own = chosen or plan()
    before = [
        p
        for p in own.parts[: own.parts.index(part)]
        if (p.task, p.steps) == (part.task, part.steps)
    ]
    new = [
        e
        for e in entries()
        if wanted(part, e.method) and not any(wanted(p, e.method) for p in before)
    ]
    count = len(new) + len(part.again)
    runs = hours = 0.0
    for base in part.bases:
        rates = own.cost.further_rates if base else own.cost.rates
        each = len(own.seeds) + len(own.sweep_seeds) * rates
        runs += count * each
        seconds = own.cost.compiling + each * (own.cost.besides + part.steps * own.cost.step)
        hours += count * seconds / 3600
    return Amount(count, count * len(part.bases), runs, hours)


# Results ------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run that counts; losses are in nats a token on the test."""

    method: str
    control: str
    slug: str
    task: str
    base: int
    steps: int
    seed: int
    test: float
    start_test: float

    @property
    def improvement(self) -> float:
        """The fall of the loss on the test since before training; none where it diverged."""
        return self.start_test - self.test if isfinite(self.test) else 0.0


Whose: TypeAlias = tuple[str, str]
"""A method, and which of its controls, or none."""

Improvement: TypeAlias = dict[str, float]
"""A share of full fine-tuning's improvement on each task; over all under ""."""

Found: TypeAlias = dict[Whose, dict[Place, dict[int, Run]]]
"""Runs by method and control, task and base model, and seed."""


def runs(path: Path = TABLE) -> tuple[Run, ...]:
    """Return the runs that count: those with fresh seeds. None before the study has begun."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Run(
                r["method"], r["control"], r["slug"], r["task"], int(r["base"]), int(r["steps"]),
                int(r["seed"]), float(r["test"]), float(r["start_test"]),
            )
            for r in csv.DictReader(file)
            if r["phase"] == "final"
        )  # fmt: skip


def made(path: Path = TABLE) -> int:
    """Return how many runs there are, those of sweeps, too."""
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def planned() -> int:
    """Return about how many runs the plan has, to the nearest hundred."""
    return 100 * round(sum(amount(part).runs for part in plan().parts) / 100)


def finished(found: Sequence[Run], chosen: Plan | None = None) -> bool:
    """Say whether all parts of the plan are complete."""
    own, by = chosen or plan(), grouped(found)
    return all(complete(part, by, own.seeds) for part in own.parts)


def comparisons(found: Sequence[Run], chosen: Plan | None = None) -> list[Comparison]:
    """Return every method with each of its controls, on the tasks that are complete.

    A part counts when each of its entries has all its seeds in all its base models; one in which
    the study tests itself never does.
    """
    own, by = chosen or plan(), grouped(found)
    parts = [p for p in own.parts if not p.check and complete(p, by, own.seeds)]
    claims = {(e.method, e.control): e.claim for e in entries()}
    made = []
    for method, name in by:
        places = [(p.task, base) for p in parts if wanted(p, method) for base in p.bases]
        if name and places and not name.endswith(AGAIN):
            differences = apart(by, (method, ""), (method, name), places, own.seeds)
            made.append(Comparison(method, name, claims[method, name], differences))
    return made


def improvements(found: Sequence[Run], chosen: Plan | None = None) -> dict[Whose, Improvement]:
    """Return the share of full fine-tuning's improvement that entries reach, where all have run."""
    places, by = shared(found, chosen), grouped(found)
    return {
        whose: improvement(by, whose, places)
        for whose in by
        if places and ran(by, whose, places, (chosen or plan()).seeds)
    }


def improvement(by: Found, whose: Whose, places: Sequence[Place]) -> Improvement:
    """Return the share of full fine-tuning's improvement that an entry reaches in some places."""
    parts = {"": places} | {task: [p for p in places if p[0] == task] for task, _ in places}
    return {
        task: fmean(
            run.improvement / whole(by, place)
            for place in some
            for run in by[whose][place].values()
        )
        for task, some in parts.items()
    }


def memorised(found: Sequence[Run], chosen: Plan | None = None) -> dict[Whose, float]:
    """Return the share of a random token that entries know, where that part is complete."""
    own, by = chosen or plan(), grouped(found)
    places = memory(by, own)
    return {
        whose: fmean(known(run.test) for place in places for run in there[place].values())
        for whose, there in by.items()
        if places and ran(by, whose, places, own.seeds)
    }


def guessing(found: Sequence[Run], chosen: Plan | None = None) -> float | None:
    """Return what a guess at random improves, as a share of full fine-tuning on random sequences.

    A model that is sure of what it was trained on is worse there than a guess. None before that
    part is complete.
    """
    own, by = chosen or plan(), grouped(found)
    shares = [
        fmean(run.start_test - RANDOM for run in by[FULL, ""][place].values()) / whole(by, place)
        for place in memory(by, own)
    ]
    return fmean(shares) if shares else None


def memory(by: Found, own: Plan) -> list[Place]:
    """Return where random sequences were memorised, if that part is complete."""
    parts = [p for p in own.parts if p.task == "memory" and complete(p, by, own.seeds)]
    return [(p.task, base) for p in parts for base in p.bases]


def shared(found: Sequence[Run], chosen: Plan | None = None) -> list[Place]:
    """Return where everybody has run whom parts that are complete ask for."""
    own, by = chosen or plan(), grouped(found)
    parts = [p for p in own.parts if not p.check and complete(p, by, own.seeds)]
    who = [(e.method, e.control) for e in entries() if any(wanted(p, e.method) for p in parts)]
    places = dict.fromkeys((p.task, base) for p in parts for base in p.bases)
    return [p for p in places if all(ran(by, whose, [p], own.seeds) for whose in who)]


def checks(found: Sequence[Run], chosen: Plan | None = None) -> dict[str, list[Comparison]]:
    """Return what the study tests itself by, of the parts that are complete.

    For `power` each method beside its controls where a change of its own form was planted, for
    `size` controls beside their second draws.
    """
    own, by = chosen or plan(), grouped(found)
    made: dict[str, list[Comparison]] = {"power": [], "size": []}
    for part in (p for p in own.parts if complete(p, by, own.seeds)):
        places = [(part.task, base) for base in part.bases]
        of = [e for e in entries() if part.check and e.control and wanted(part, e.method)]
        power = [((e.method, ""), (e.method, e.control)) for e in of]
        drawn = [
            (method, control) for method, _, control in (n.partition(": ") for n in part.again)
        ]
        size = [(one, (one[0], one[1] + AGAIN)) for one in drawn]
        size = [both for both in size if ran(by, both[1], places, own.seeds)]
        for kind, pairs in (("power", power), ("size", size)):
            made[kind] += [
                Comparison(*two, "ahead", apart(by, one, two, places, own.seeds))
                for one, two in pairs
            ]
    return made


def grouped(found: Iterable[Run]) -> Found:
    """Return runs by whose they are, where, and with which seed."""
    by: Found = {}
    for run in found:
        there = by.setdefault((run.method, run.control), {}).setdefault((run.task, run.base), {})
        there[run.seed] = run
    return by


def apart(
    by: Found, one: Whose, other: Whose, places: Iterable[Place], seeds: Iterable[int]
) -> dict[Place, list[float]]:
    """Return how much more one improves than another, in shares of full fine-tuning, by seed."""
    return {
        place: [
            (by[one][place][s].improvement - by[other][place][s].improvement) / whole(by, place)
            for s in seeds
        ]
        for place in places
    }


def whole(by: Found, place: Place) -> float:
    """Return what full fine-tuning improves, the mean over its seeds."""
    return fmean(run.improvement for run in by[FULL, ""][place].values())


def wanted(part: Part, method: str) -> bool:
    """Say whether a part has a floor, or a setting, whose controls it has then as well."""
    if floor(method):
        return part.floors
    return part.methods is None or method in (FULL, *part.methods)


def complete(part: Part, by: Found, seeds: Iterable[int]) -> bool:
    """Say whether every entry of a part has been run with all seeds in all its base models."""
    places = [(part.task, base) for base in part.bases]
    return all(
        ran(by, (e.method, e.control), places, seeds) for e in entries() if wanted(part, e.method)
    )


def ran(by: Found, whose: Whose, places: Iterable[Place], seeds: Iterable[int]) -> bool:
    """Say whether an entry has been run with all seeds in all places."""
    there = by.get(whose, {})
    return all(set(seeds) <= there.get(place, {}).keys() for place in places)

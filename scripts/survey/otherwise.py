"""LoRA, trained otherwise: the plan, as docs/data/otherwise.yml has it, its runs and its rules.

The runs are made by scripts/studies/otherwise.py. Nothing here needs JAX.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache, partial
from math import isclose, log10
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_type_hints

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey import experiment
from scripts.survey.effects import Effect
from scripts.survey.predictions import HOLDS, NOT, OPEN, PART, UNTESTED, behind, point, settled
from scripts.survey.records import Record, Text, read_yaml
from scripts.survey.statistics import Interval, interval

PLAN = ROOT / "docs" / "data" / "otherwise.yml"
TABLE = PLAN.with_suffix(".csv")


class Plan(Record):
    """The study's parts."""

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
    """Return what the study consists of."""
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
        """The improvement in points."""
        return (self.start_test - self.test) / point()

    @property
    def forgetting(self) -> float:
        """The rise of the loss on the pretraining text, in nats."""
        return self.held - self.start_held


TYPES = get_type_hints(Made)


def made(row: Mapping[str, str]) -> Made:
    """Return a run from its row of the table."""

    def value(name: str) -> Any:
        kind = TYPES[name]
        if kind in (str, int, float):
            return kind(row[name])
        (one, _) = get_args(kind)
        return tuple(map(one, row[name].split()))

    return Made(**{name: value(name) for name in Made._fields})


@cache
def runs(path: Path = TABLE) -> dict[tuple[str, str], list[Made]]:
    """Return all runs by arm and phase."""
    found: dict[tuple[str, str], list[Made]] = defaultdict(list)
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found[row["arm"], row["phase"]].append(made(row))
    return dict(found)


def finals(arm: str, phase: str = "final", path: Path = TABLE) -> dict[int, Made]:
    """Return the runs of an arm that count, by seed; none unless all are there."""
    found = {run.seed: run for run in runs(path).get((arm, phase), [])}
    return found if found.keys() >= set(plan().seeds) else {}


def sweep(arm: str, path: Path = TABLE) -> list[Made]:
    """Return the runs of an arm's sweep, the lowest rate first."""
    return sorted(runs(path).get((arm, "sweep"), []), key=lambda run: run.rate)


def arms() -> list[str]:
    """Return all arms in the order of the plan, an arm of another's rate behind that one."""
    alike = {of: name for name, of in plan().alike.items()}
    named = (*plan().settled, *plan().swept)
    return [one for name in named for one in (name, alike.get(name)) if one]


def progress(path: Path = TABLE) -> tuple[int, int]:
    """Return how many runs that count there are, and how many the plan takes."""
    made = [run for (_, phase), some in runs(path).items() if phase == "final" for run in some]
    return len(made), len(arms()) * len(plan().seeds)


def ran(*names: str, path: Path = TABLE) -> bool:
    """Say whether all runs of these arms are there that count, also those at another's rate."""
    whole = all(finals(name, path=path) for name in names)
    return whole and all(transfer(name, path) is not None for name in names if name in plan().ranks)


# The rules ----------------------------------------------------------------------------------------

Losses = Mapping[int, float]


def losses(arm: str, phase: str = "final", path: Path = TABLE) -> Losses:
    """Return an arm's test losses by seed."""
    return {seed: run.test for seed, run in finals(arm, phase, path).items()}


def ahead(one: Losses, other: Losses, among: int = 1) -> Effect:
    """Return by how many points one is ahead of another, paired by seed.

    Among several the interval is the one that all share, unless its own has zero in it, too.
    """
    found = [(other[seed] - one[seed]) / point() for seed in one]
    shared, own = interval(found, among), interval(found)
    return Effect(*(own if own.none else shared), 1, 2 * len(found))


def recipes() -> list[str]:
    """Return the arms that are judged beside LoRA."""
    return [name for name in plan().swept if name not in plan().ranks]


def recipe(arm: str, path: Path = TABLE) -> Effect:
    """Return how far an arm is ahead of LoRA; the recipes that are judged share an interval."""
    among = len(recipes()) if arm in recipes() else 1
    return ahead(losses(arm, path=path), losses("lora 4", path=path), among)


def by_size(path: Path = TABLE) -> Effect:
    """Return how far LoRA-FA is ahead of the experiment's LoRA with as many parameters."""
    return ahead(losses("lora-fa", path=path), settled("lora 2"))


def transfer(arm: str, path: Path = TABLE) -> Interval | None:
    """Return by how many points an arm is behind at the rate of LoRA of rank 4; none if not run.

    Nothing is lost where that rate is its own.
    """
    own = finals(arm, path=path)
    if not own or not (lora := experiment.finals("lora 4")):
        return None
    if isclose(own[1].rate, lora[1].rate, rel_tol=1e-4):
        return Interval(0.0, 0.0, 0.0)
    there = losses(arm, "transfer", path)
    return behind(dict(there), dict(losses(arm, path=path))) if there else None


def tuned(path: Path = TABLE) -> Effect:
    """Return how far rsLoRA is ahead of the plain scale at rank 64, each at its own rate."""
    return ahead(losses("stable 64", path=path), losses("plain 64", path=path))


def off(arm: str, path: Path = TABLE) -> tuple[float | None, float | None]:
    """Return the points lost half a decade below the best rate of a sweep, and above it.

    A run that diverged has lost all.
    """
    tried = sweep(arm, path) if (arm, "sweep") in runs(path) else experiment.sweep(arm)
    found = {round(2 * log10(r.rate)): r for r in tried}
    if not found:
        return None, None
    there = min(found, key=lambda k: found[k].validation)

    def lost(k: int) -> float | None:
        return (found[k].test - found[there].test) / point() if k in found else None

    return lost(there - 1), lost(there + 1)


class Kept(NamedTuple):
    """At how many of the ranks each scale does well at the rate of LoRA of rank 4."""

    stable: int
    plain: int


def kept(path: Path = TABLE) -> Kept | None:
    """Return at how many ranks that rate transfers; none if not all are run."""
    found = dict.fromkeys(Kept._fields, 0)
    for arm in plan().ranks:
        cost = transfer(arm, path)
        if cost is None:
            return None
        found[arm.split()[0]] += cost.high < 1
    return Kept(**found)


def transfers(path: Path = TABLE) -> str:
    """Return the word for what rsLoRA says of the rate."""
    found = kept(path)
    if not found:
        return UNTESTED
    if found.plain >= found.stable:
        return NOT
    return HOLDS if found.stable == len(plan().ranks) // 2 else PART


def is_alpha(path: Path = TABLE) -> tuple[str, Effect]:
    """Return whether LoRA with a larger α does what LoRA+ does, and how far it is ahead."""
    found = ahead(losses("alpha 16", path=path), losses("lora+ 16", path=path))
    if found.word == "level" or (found.low > -1 and found.high < 1):
        return HOLDS, found
    return (OPEN if found.low <= 0 <= found.high else NOT), found


def has_more(path: Path = TABLE) -> tuple[str, Interval]:
    """Return whether LoRA has more intruders than full fine-tuning, and how many."""
    lora, full = (finals(arm, path=path) for arm in ("lora 4", "full"))
    found = interval(lora[s].intruders[0] - full[s].intruders[0] for s in lora)
    if found.none:
        return OPEN, found
    return (HOLDS if found.low > 0 else NOT), found


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
            there = helds[k - 1] + way * (helds[k] - helds[k - 1])
            break
    else:
        there = helds[min(range(len(tests)), key=lambda k: abs(tests[k] - same))]
    return (there - run.reduced_held[i]) / run.forgetting


def reduction(arm: str, path: Path = TABLE) -> list[Saved]:
    """Return what weaker intruders do, at each factor of the plan; nothing if not run."""
    if not (found := list(finals(arm, path=path).values())):
        return []
    return [
        Saved(
            factor,
            interval((run.reduced_test[i] - run.test) / point() for run in found),
            interval((run.held - run.reduced_held[i]) / run.forgetting for run in found),
            interval(beyond(run, i) for run in found),
        )
        for i, factor in enumerate(plan().factors)
    ]


JUDGED, NOTHING = 0.75, 0.01
"""The factor that the reduction is judged at, and the share of forgetting that counts as none."""


def saves(path: Path = TABLE) -> tuple[str, Saved]:
    """Return whether weaker intruders forget less than a smaller change does."""
    (found,) = (one for one in reduction("lora 4", path) if one.factor == JUDGED)
    told = found.beyond
    if told.low > 0:
        return HOLDS, found
    level = max(-told.low, told.high) <= NOTHING
    return (NOT if told.high < 0 or level else OPEN), found


def _told(of: Callable[[], Effect]) -> Callable[[], tuple[str, Effect]]:
    def told() -> tuple[str, Effect]:
        found = of()
        return found.word, found

    return told


Rule: TypeAlias = tuple[tuple[str, ...], Callable[[], tuple[str, Any]]]
"""Arms that are judged, and the rule."""


@cache
def rules() -> dict[str, Rule]:
    """Return all rules of the plan, by name."""
    return {
        **{arm: ((arm, "lora 4"), _told(partial(recipe, arm))) for arm in recipes()},
        "size": (("lora-fa",), _told(by_size)),
        "alpha": (("alpha 16", "lora+ 16"), is_alpha),
        "transfer": (plan().ranks, lambda: (transfers(), kept())),
        "tuned": (("stable 64", "plain 64"), _told(tuned)),
        "intruders": (("lora 4", "full"), has_more),
        "reduction": (("lora 4",), saves),
    }

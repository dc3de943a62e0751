"""Store the moving stage: what adapters make of eight neurons at all positions of their handles.

The layer has two inputs, so that a neuron is an arrow in the plane and nothing is projected. The
handle is what a hypothesis leaves open; the adapter's other parameters are fitted to the target
at once. demos/stage/ looks up and interpolates what is stored here, and knows no adapter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np

from adapters_np.core import WeightAdapter, load, parameters
from adapters_np.fit import fit, last
from adapters_np.linalg import Array, row_norms, thin_svd
from adapters_np.methods.dora import DoRA
from adapters_np.methods.ia3 import IA3
from adapters_np.methods.lora import LoRA
from adapters_np.methods.oft import OFT
from adapters_np.methods.pissa import PiSSA
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read

OUT = ROOT / ".build" / "stage" / "stage.json"
DIGITS = 4  # of a stored entry
ALIKE = 0.01  # radians, or a share of a length: what moves less is kept

AnyAdapter = TypeVar("AnyAdapter", bound=WeightAdapter)


def unit(degrees: float) -> Array:
    """Return the unit vector at an angle, counter-clockwise from the first input, (2,)."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def turned(degrees: float) -> OFT:
    """Return the rotation by an angle; half a turn is the one that Cayley's form lacks."""
    return replace(OFT.init(W, RNG, block_size=2), Q=np.array([[-np.tan(np.radians(degrees / 2))]]))


# The neurons and what is wanted of them -----------------------------------------------------------

RNG = np.random.default_rng(0)  # what it draws is replaced or fitted
W = np.array(
    [
        length * unit(degrees)
        for degrees, length in (
            *((14, 0.72), (57, 1.0), (96, 1.12), (143, 0.6)),
            *((186, 0.66), (234, 0.92), (279, 1.08), (324, 0.56)),
        )
    ]
)
"""Eight neurons, uneven in angle and length, so that nothing is symmetric by accident, (8, 2)."""

SPREAD = np.array([0.5, -0.3, 0.36, 0.52, -0.48, 0.34, -0.42, 0.32])
GAINS = np.array([1.6, 0.6, 0.72, 1.85, 0.6, 1.3, 0.66, 1.75])


class Target(NamedTuple):
    """A weight that training wants: its name, and what it asks of the neurons."""

    name: str
    says: str
    weight: Array


def _targets() -> dict[str, Target]:
    low_rank = LoRA(unit(126)[None], SPREAD[:, None], 1.0)
    both = DoRA(unit(126)[None], 0.8 * SPREAD[:, None], row_norms(W) * GAINS, 1.0)
    pissa = PiSSA.init(W, RNG, rank=1, alpha=1.0)
    axis = np.degrees(np.arctan2(*pissa.A_0[0, ::-1]))
    strong = replace(pissa, A=unit(axis + 28)[None], B=1.25 * pissa.B * np.linalg.norm(pissa.A))
    longer = replace(IA3.init(W, RNG), l=np.where(np.arange(8) == 3, 1.9, 1.0))
    made: dict[str, tuple[str, str, WeightAdapter]] = {
        "few": ("one direction", "All neurons move along one common direction.", low_rank),
        "turn": ("all turned", "All neurons turn together; no length changes.", turned(52)),
        "longer": ("one longer arrow", "Neuron 4 becomes longer; all others stay.", longer),
        "rows": (
            *("louder and softer", "Some neurons become longer, others shorter; none turns."),
            replace(IA3.init(W, RNG), l=GAINS),
        ),
        "length": ("turned and stretched", "Neurons lean to one line and change length.", both),
        "strong": (
            *("strongest part", "The strongest part of W turns and grows; the rest stays."),
            strong,
        ),
    }
    targets = {key: Target(name, says, W + a.delta(W)) for key, (name, says, a) in made.items()}
    weak = W + pissa.residual(W)
    targets["weak"] = Target("weak part", "The weakest part of W doubles; the rest stays.", weak)
    return targets


TARGETS = _targets()


# Handles ------------------------------------------------------------------------------------------


class Axis(NamedTuple):
    """The range of a handle: `size` stored positions from `low` on, `step` apart.

    A cyclic one comes round to its first position. Two positions are interpolated linearly, which
    is exact where W′ is affine; more by cubics.
    """

    low: float
    step: float
    size: int
    cyclic: bool = False

    @property
    def positions(self) -> list[float]:
        return [self.low + k * self.step for k in range(self.size)]


LINE = Axis(0, 5, 36, cyclic=True)  # degrees: a line comes round after half a turn
WHEEL = Axis(-175, 10, 36, cyclic=True)  # without 180°
DIAL = Axis(0, 1 / 12, 13)
LINEAR = Axis(0, 1, 2)
GAIN = (0.1, 2.2)  # the ends of what a gain may be


class Handle(NamedTuple):
    """A handle that a reader moves: its name, its kind, and its start.

    Kinds: `line` is a direction and `wheel` an angle, in degrees; `tip` is a neuron's gain, along
    its ray; `dial` is a share of the way.
    """

    name: str
    kind: str
    axis: Axis
    start: float
    low: float
    high: float


class Act(NamedTuple):
    """A method on the stage: what is held, and the weight for positions of all handles.

    `at` gives the adapter for a target and positions, `best` positions of the least error.
    `apart`: each handle moves its own neuron alone. `knobs` give its number of parameters.
    """

    handles: list[Handle]
    at: Callable[[Target, Sequence[float]], WeightAdapter]
    targets: tuple[str, ...]
    best: Callable[[Target, Act], Sequence[float]]
    knobs: dict[str, Any]
    apart: bool = False


def solved(adapter: AnyAdapter, name: str, change: Array) -> AnyAdapter:
    """Return the adapter with one array at its best for a change, by least squares.

    Args:
        adapter: An adapter whose ΔW is affine in that array.
        change: The target ΔW*, (8, 2).
    """
    shape = getattr(adapter, name).shape

    def effect(values: Array) -> Array:
        return replace(adapter, **{name: values.reshape(shape)}).delta(W).ravel()

    base = effect(np.zeros(shape))
    columns = [effect(row) - base for row in np.eye(int(np.prod(shape)))]
    best = np.linalg.lstsq(np.array(columns).T, change.ravel() - base)[0]
    return replace(adapter, **{name: best.reshape(shape)})


def lora(target: Target, held: Sequence[float]) -> LoRA:
    start = LoRA(unit(held[0])[None], np.zeros((8, 1)), 1.0)
    return solved(start, "B", target.weight - W)


def pissa(target: Target, held: Sequence[float]) -> PiSSA:
    """Return the part along a line that is nearest to the target, in place of W's strongest."""
    start = PiSSA.init(W, RNG, rank=1, alpha=1.0)
    return solved(replace(start, A=unit(held[0])[None]), "B", target.weight - W)


def oft(_: Target, held: Sequence[float]) -> OFT:
    return turned(held[0])


def ia3(_: Target, held: Sequence[float]) -> IA3:
    return replace(IA3.init(W, RNG), l=np.array(held))


def dora(target: Target, held: Sequence[float]) -> DoRA:
    """Return DoRA's best for the target, gone a share of the way in direction and in length."""
    best, (direction, length) = _best_dora(target.name), held
    m = row_norms(W) + length * (best.m - row_norms(W))
    return replace(best, B=direction * best.B, m=m)


@cache
def _best_dora(name: str) -> DoRA:
    target = next(t for t in TARGETS.values() if t.name == name)
    start = DoRA.init(W, np.random.default_rng(0), rank=1, alpha=1.0)
    best = last(fit(start, W, target.weight - W)).adapter
    assert isinstance(best, DoRA)
    return best


def searched(target: Target, act: Act) -> list[float]:
    """Return the best position of the one handle: a fine look round the best of a coarse one."""
    (handle,) = act.handles
    places, step = np.array(handle.axis.positions), handle.axis.step
    for _ in range(4):
        errors = [np.linalg.norm(weight(act, target, [p]) - target.weight) for p in places]
        best = places[int(np.argmin(errors))]
        places, step = best + np.linspace(-step, step, 41), step / 20
    return [float(best)]


def least_squares(name: str) -> Callable[[Target, Act], list[float]]:
    def best(target: Target, act: Act) -> list[float]:
        change = target.weight - W
        values = getattr(solved(act.at(target, starts(act)), name, change), name)
        return [float(v) for v in values]

    return best


def _acts() -> dict[str, Act]:
    Vt = thin_svd(W)[2]
    longest = float(np.degrees(np.arctan2(Vt[0, 1], Vt[0, 0])) % 180)

    def line(name: str, start: float) -> list[Handle]:
        return [Handle(name, "line", LINE, start, 0, 180)]

    wheel = [Handle("turn of all neurons", "wheel", WHEEL, 0, -180, 180)]
    tips = [Handle(f"gain of neuron {i + 1}", "tip", LINEAR, 1, *GAIN) for i in range(8)]
    dials = [
        Handle("change of direction", "dial", DIAL, 0, 0, 1),
        Handle("change of length", "dial", LINEAR, 0, 0, 1),
    ]
    along = line("direction of the line", 40)
    strong = line("direction of the strong part", longest)
    any_of = ("few", "turn", "length", "longer", "strong", "weak")
    rank = {"rank": 1}
    return {
        "lora": Act(along, lora, any_of, searched, rank),
        "oft": Act(wheel, oft, ("turn", "longer"), searched, {"block_size": 2}),
        "ia3": Act(tips, ia3, ("rows", "turn", "longer"), least_squares("l"), {}, apart=True),
        "dora": Act(dials, dora, ("length", "rows"), lambda *_: [1.0, 1.0], rank),
        "pissa": Act(strong, pissa, ("strong", "weak"), searched, rank),
    }


ACTS = _acts()


def starts(act: Act) -> list[float]:
    return [handle.start for handle in act.handles]


def weight(act: Act, target: Target, held: Sequence[float]) -> Array:
    """Return W′ at some positions of the handles, (8, 2)."""
    return W + act.at(target, held).delta(W)


def explained(target: Target, made: Array) -> float:
    """Return the share of the target that a weight makes; below zero it is further away."""
    missing = np.sum((target.weight - made) ** 2)
    return float(1 - missing / np.sum((target.weight - W) ** 2))


# Stored scenes ------------------------------------------------------------------------------------


def entries(made: Array) -> list[int]:
    return [int(x) for x in np.rint(10**DIGITS * made).ravel()]


def parts(act: Act, target: Target) -> Iterator[dict[str, Any]]:
    """Yield tables: which handles move which neurons, and their entries at all positions."""
    every = list(range(len(act.handles)))
    for held in [[i] for i in every] if act.apart else [every]:
        rows = held if act.apart else list(range(len(W)))
        table = list[int]()
        for places in product(*(act.handles[i].axis.positions for i in held)):
            at = starts(act)
            for i, place in zip(held, places, strict=True):
                at[i] = place
            table += entries(weight(act, target, at)[rows])
        yield {"held": held, "rows": rows, "table": table}


def scene(act: Act, target: Target) -> dict[str, Any]:
    best = act.best(target, act)
    share = explained(target, weight(act, target, best))
    return {
        "parts": list(parts(act, target)),
        "best": [round(v, 2) for v in best],
        "explained": round(share, 4),
    }


def described(slug: str, act: Act, catalog: Catalog) -> dict[str, Any]:
    theme = next(m.theme for m in catalog.methods.values() if slug in m.modules)
    feet = PiSSA.init(W, RNG, rank=1, alpha=1.0).residual(W) if slug == "pissa" else W
    return {
        "name": catalog.names()[slug],
        "theme": theme,
        "parameters": parameters(load(slug), *W.shape, **act.knobs),
        "handles": [{**handle._asdict(), "axis": handle.axis._asdict()} for handle in act.handles],
        "feet": entries(feet),
        "scenes": {name: scene(act, TARGETS[name]) for name in act.targets},
    }


def stage(catalog: Catalog) -> dict[str, Any]:
    return {
        "unit": 10**DIGITS,
        "alike": ALIKE,
        "W": entries(W),
        "targets": {
            key: {"name": t.name, "says": t.says, "weight": entries(t.weight)}
            for key, t in TARGETS.items()
        },
        "methods": {slug: described(slug, act, catalog) for slug, act in ACTS.items()},
    }


def main() -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(stage(read()), ensure_ascii=False, separators=(",", ":"))
    OUT.write_text(text, encoding="utf-8")

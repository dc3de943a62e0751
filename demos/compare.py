"""Two methods on the same layer: the numbers of both, and in words how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from adapters_np.core import knobs, load, parameters
from adapters_np.errors import KnobError
from demos.change import ROUND_OFF, Change, numerical_rank
from demos.gauges import GAUGES
from demos.instrument import spectra, weights
from demos.panels import Panel, digits
from demos.probe import measure
from demos.settings import main_knob

COMPARED = (
    "parameters", "rank", "stable_rank", "relative_norm", "spectrum_change", "angle_change",
    "norm_change",
)  # fmt: skip
"""The gauges of both sides, which every method has."""


class Side(NamedTuple):
    """A method with values of its own knobs, and what it and its main knob are called."""

    method: str
    name: str
    knob: str
    own: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """A side, and what it does to the layer."""

    side: Side
    change: Change

    @property
    def name(self) -> str:
        return self.side.name

    @cached_property
    def count(self) -> int:
        """Trained parameters."""
        return int(GAUGES["parameters"](self.change)["value"])

    @cached_property
    def directions(self) -> str:
        """The number of directions in which the layer moves, of all."""
        rank, full = numerical_rank(self.change), len(self.change.sigma)
        return f"all {full}" if rank == full else f"{rank} of {full}"

    @cached_property
    def still(self) -> bool:
        """Return whether the layer is unchanged."""
        return self.change.size < ROUND_OFF

    @cached_property
    def kept(self) -> list[str]:
        """Properties of the weight that are unchanged, in words."""
        change = self.change
        parts = {
            "every singular value": change.drift,
            "every angle between neurons": change.turn,
            "the length of every neuron": change.stretch,
        }
        return [name for name, difference in parts.items() if difference < ROUND_OFF]


def compare(
    a: dict[str, Any], b: dict[str, Any], world: dict[str, Any], equal: bool
) -> dict[str, Any]:
    """Return the panels of two methods on one layer, a sentence on how they differ, and `own`.

    `own` are the knobs of the second side as they are after the match.

    Args:
        a: The first side: the fields of `Side`.
        b: The second side.
        world: Values of the toy world's knobs.
        equal: Whether the main knob of the second side is to be set so that both have the same
            number of trained parameters, as nearly as it can.

    Raises:
        KnobError: when a value is not allowed; a knob of a side is `a.knob` or `b.knob`.
    """
    one, other = distinct(Side(**a), Side(**b))
    first = _measured("a", one, world)
    if equal:
        other = matched(first, other)
    second = _measured("b", other, world)
    return {
        "sides": [{"panels": panels(side.change)} for side in (first, second)],
        "sentence": sentence(first, second, equal),
        "own": other.own,
    }


def distinct(a: Side, b: Side) -> tuple[Side, Side]:
    """Return the sides with different names."""
    if a.name != b.name:
        return a, b
    return a._replace(name=f"{a.name} (A)"), b._replace(name=f"{b.name} (B)")


def panels(change: Change) -> list[Panel]:
    return [weights(change), *spectra(change), *(GAUGES[name](change) for name in COMPARED)]


def _measured(letter: str, side: Side, world: dict[str, Any]) -> Measured:
    try:
        return Measured(side, measure(side.method, world | side.own))
    except KnobError as error:
        if error.knob not in knobs(load(side.method)):
            raise
        raise KnobError(f"{letter}.{error.knob}", error.value, error.rule) from error


# Equal parameters ---------------------------------------------------------------------------------


def matched(first: Measured, other: Side, among: tuple[Any, ...] | None = None) -> Side:
    """Return the other side with its main knob where its trained parameters are closest.

    Of values that are equally close the one nearest to the default is taken. A knob that does not
    change the number stays as it is.

    Args:
        first: The side whose number of trained parameters is wanted.
        other: The side whose main knob is set; its other knobs stay.
        among: The values to choose from; without them, all that the knob has.
    """
    knob, shape = main_knob(other.method), first.change.world.W.shape
    if not knob:
        return other
    place = {v: i for i, v in enumerate(knob.values()) if v not in knob.departs}
    counts = _counts(other, *shape)
    if len(set(counts)) == 1:
        return other._replace(own={knob.name: knob.default} | other.own)

    def distance(value: Any) -> tuple[int, int]:
        i = place[value]
        return abs(counts[i] - first.count), abs(i - place[knob.default])

    sides = (
        other._replace(own=other.own | {knob.name: value})
        for value in sorted(filter(place.__contains__, among or place), key=distance)
    )
    return next((side for side in sides if _possible(side, *shape)), other)


def _counts(side: Side, d_out: int, d_in: int) -> tuple[int, ...]:
    """Return the trained parameters at all values of the main knob, the other knobs as they are."""
    knob = main_knob(side.method)
    rest = tuple(sorted((name, v) for name, v in side.own.items() if knob and name != knob.name))
    return _counted(side.method, rest, d_out, d_in)


@lru_cache(maxsize=64)
def _counted(
    method: str, rest: tuple[tuple[str, Any], ...], d_out: int, d_in: int
) -> tuple[int, ...]:
    knob, cls = main_knob(method), load(method)
    if not knob:
        return ()
    return tuple(
        parameters(cls, d_out, d_in, **dict(rest), **{knob.name: v}) for v in knob.values()
    )


def _possible(side: Side, d_out: int, d_in: int) -> bool:
    """Return whether a weight of this shape allows the knobs."""
    return _initialises(side.method, tuple(sorted(side.own.items())), d_out, d_in)


@lru_cache(maxsize=1024)
def _initialises(method: str, own: tuple[tuple[str, Any], ...], d_out: int, d_in: int) -> bool:
    try:
        load(method).init(np.eye(d_out, d_in), np.random.default_rng(0), **dict(own))
    except KnobError:
        return False
    return True


# Words --------------------------------------------------------------------------------------------

ALIKE, TIMES = 1.05, 1.95
"""Ratios below which two sizes are called alike, and from which one is so many times the other."""


def sentence(a: Measured, b: Measured, equal: bool, closest: bool = True) -> str:
    """Return how two sides differ, computed from the numbers.

    Args:
        a: The first side.
        b: The second side.
        equal: As in `compare`.
        closest: Whether the match is that of all values of the main knob, not of the stored ones.
    """
    parts = [_matched(a, b, closest) if equal else _parameters(a, b)]
    symbols = a.change.symbol, b.change.symbol
    if symbols[0] != symbols[1]:
        what = {"W": "a weight", "Y": "the output of a layer"}
        parts.append(
            f"{a.name} changes {what[symbols[0]]} and {b.name} {what[symbols[1]]}: "
            "their ranks and norms are of different matrices, and each picture has its own scale."
        )
        return " ".join(parts)
    if not np.array_equal(a.change.before, b.change.before):
        parts.append(
            f"{a.name} and {b.name} change the outputs of different layers: "
            "their ranks and norms are of different matrices."
        )
        return " ".join(parts)
    thing = "the weight" if symbols[0] == "W" else "the output"
    if a.still or b.still:
        parts.append(_stillness(a, b, thing))
    else:
        parts += [_directions(a, b, thing), _sizes(a, b)]
        if symbols[0] == "W":
            parts.append(_keeping(a, b))
    return " ".join(parts)


def _matched(a: Measured, b: Measured, closest: bool) -> str:
    knob = main_knob(b.side.method)
    if not knob:
        return _parameters(a, b)
    name = b.side.knob[:1].lower() + b.side.knob[1:]
    value = b.side.own.get(knob.name, knob.default)
    if len(set(_counts(b.side, *b.change.world.W.shape))) == 1:
        fixed = f"No value of {name} changes the {b.count:,} trained parameters of {b.name}"
        return f"{fixed}; {a.name} has {a.count:,}."
    shown = f"{value:,g}" if isinstance(value, float) else str(value).replace("_", " ")
    at = f"With {name} at {shown}"
    if a.count == b.count:
        return f"{at}, {b.name} has as many trained parameters as {a.name}: {a.count:,}."
    if not closest:
        numbers = f"{b.name} has {b.count:,} trained parameters; {a.name} has {a.count:,}"
        return f"{at}, the closest of the stored values, {numbers}."
    wanted = f"the {a.count:,} trained parameters of {a.name}"
    return f"{at}, {b.name} comes closest to {wanted}: {b.count:,}."


def _parameters(a: Measured, b: Measured) -> str:
    if a.count == b.count:
        return f"Both have {a.count:,} trained parameters."
    less, more = sorted((a, b), key=lambda side: side.count)
    numbers = f"{less.name} ({more.count:,} against {less.count:,})"
    ratio = more.count / less.count
    if ratio >= TIMES:
        return f"{more.name} has {digits(ratio)} times the trained parameters of {numbers}."
    return (
        f"{more.name} has {digits(100 * ratio - 100)}\xa0% more trained parameters than {numbers}."
    )


def _directions(a: Measured, b: Measured, thing: str) -> str:
    if a.directions == b.directions:
        return f"Both move {thing} in {a.directions} directions."
    return f"{a.name} moves {thing} in {a.directions} directions, {b.name} in {b.directions}."


def _sizes(a: Measured, b: Measured) -> str:
    less, more = sorted((a, b), key=lambda side: side.change.size)
    large, small = (digits(100 * side.change.size) for side in (more, less))
    ratio, norm = more.change.size / less.change.size, f"‖{a.change.symbol}‖"
    if ratio < ALIKE:
        return f"Their changes are of like size, {large}\xa0% of {norm}."
    how = (
        f"{digits(ratio)} times as large"
        if ratio >= TIMES
        else f"{digits(100 * ratio - 100)}\xa0% larger"
    )
    return f"{more.name}’s change is {how}: {large}\xa0% of {norm} against {small}\xa0%."


def _stillness(a: Measured, b: Measured, thing: str) -> str:
    if a.still and b.still:
        return f"Neither changes {thing}."
    rests, moves = (a, b) if a.still else (b, a)
    size = f"{digits(100 * moves.change.size)}\xa0% of ‖{moves.change.symbol}‖"
    how = f"in {moves.directions} directions, by {size}"
    return f"{rests.name} leaves {thing} as it is, {moves.name} moves it {how}."


def _keeping(a: Measured, b: Measured) -> str:
    both = [part for part in a.kept if part in b.kept]
    found = [f"Both keep {_listed(both)}."] if both else []
    for side, other in ((a, b), (b, a)):
        if alone := [part for part in side.kept if part not in other.kept]:
            found.append(f"Only {side.name} keeps {_listed(alone)}.")
    return " ".join(found) or (
        "Neither keeps the singular values of the weight, or the lengths of its neurons, "
        "or the angles between them."
    )


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

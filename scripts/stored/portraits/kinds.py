"""Parts of a portrait, and the ways from W to W' that its moments lie on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from adapters_np.core import flatten, restore
from adapters_np.linalg import Array

MOMENTS = 17
"""So many moments there are between W and W', where a line between fewer would not do."""

Moment = Mapping[str, Any]
"""The drawing at one moment: arrays by name."""


class Shown(NamedTuple):
    """A drawing: its parts at every moment from W to W', and what never moves.

    Between two moments the drawing goes in a straight line.
    """

    moments: Sequence[Moment]
    still: Moment = MappingProxyType({})


Make = Callable[..., Any]
"""Return a fresh adapter of a method for a weight, with knobs as keywords."""

Kind = Callable[[Make], Shown]

KINDS: dict[str, Kind] = {}
"""All kinds of portraits by name; demos/portrait draws each by the same name."""


def kind(function: Kind) -> Kind:
    KINDS[function.__name__] = function
    return function


def between(start: Any, end: Any, moments: int = MOMENTS) -> Iterator[Any]:
    """Yield adapters from one to another, with trained parameters on a straight line."""
    first, last = flatten(start), flatten(end)
    for s in np.linspace(0, 1, moments):
        yield restore(start, (1 - s) * first + s * last)


def in_turn(t: float, count: int) -> Array:
    """Return how far each of some parts is at t if one starts when the one before is done.

    >>> in_turn(0.5, 3)
    array([1. , 0.5, 0. ])
    """
    return np.clip(t * count - np.arange(count), 0.0, 1.0)


def grown(adapter: Any, name: str, moments: int = 2) -> list[Any]:
    whole = getattr(adapter, name)
    return [replace(adapter, **{name: s * whole}) for s in np.linspace(0, 1, moments)]


def polar(degrees: Iterable[float], lengths: Sequence[float] | float = 1.0) -> Array:
    """Return points in the plane from angles and lengths, (n, 2)."""
    angles = np.radians(np.array([*degrees]))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.asarray(lengths, float).reshape(
        -1, 1
    )


def grey(rows: int, columns: int, seed: int = 1) -> Array:
    """Return a weight that stands for any other, entries between 0 and 1."""
    return np.random.default_rng(seed).uniform(0.1, 1, (rows, columns))

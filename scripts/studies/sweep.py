"""Search for a learning rate: the rates that a sweep still needs, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

MOST = 11
"""Rates in a sweep by half decades."""


def around(guess: int) -> tuple[int, ...]:
    """Return what a sweep by half decades begins with: a guess and half a decade to either side."""
    return guess - 1, guess, guess + 1


def tried(
    key: Callable[[int], str],
    steps: Iterable[int],
    done: Mapping[str, Mapping[str, Any]],
    loss: str = "validation",
) -> dict[int, float]:
    """Return the validation loss at every rate that has been run; a diverged one is infinite.

    Args:
        key: The key of the run at a step of the grid.
        steps: The steps to look at.
        done: All runs by their keys.
        loss: The name of the validation loss in a run.
    """
    rows = {k: done.get(key(k)) for k in steps}
    return {
        k: row[loss] if row["status"] == "done" else inf
        for k, row in rows.items()
        if row is not None
    }


def reachable(guess: int) -> range:
    """Return the steps of the grid that a sweep around a guess may come to."""
    return range(guess - MOST, guess + MOST + 1)


def next_rates(first: Iterable[int], found: Mapping[int, float], most: int = MOST) -> list[int]:
    """Return the rates that a sweep still needs, as steps of its grid.

    It has ended when both neighbours of the best rate have been tried.

    >>> next_rates((-2, 0, 2), {}, 15)
    [-2, 0, 2]
    >>> next_rates((-2, 0, 2), {-2: 3.0, 0: 1.0, 2: 2.0}, 15)
    [-1, 1]
    >>> next_rates((-2, 0, 2), {-2: 3.0, -1: 2.0, 0: 1.0, 1: 1.5, 2: 2.0}, 15)
    []
    """
    missing = [k for k in first if k not in found]
    if missing or len(found) >= most:
        return missing
    middle = best(found)
    return [k for k in (middle - 1, middle + 1) if k not in found]


def best(found: Mapping[int, float]) -> int:
    """Return the rate with the least validation loss, the lower of two."""
    return min(found, key=lambda k: (found[k], k))

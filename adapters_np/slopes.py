"""The Jacobian of a residual by forward differences, many parameters at once.

Method names do not occur here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Adapter, restore
from adapters_np.linalg import Array

Residual = Callable[[Any], Array]

STEP = 1e-6
"""The finite-difference step. The error of the difference itself is the same on every machine;
round-off is not, and with √ε it grows into the third digit within fifty steps."""

WRONG = 1e-3
"""The relative tolerance of the Jacobian, along a random direction."""


Touched = NDArray[np.bool]
"""Entries of a residual that each parameter touches, (parameters, entries)."""


class Blocks(NamedTuple):
    """Entries of a residual that the same parameters touch, a row per group.

    Rows are filled up by the index after the last, where a Jacobian has zeros.
    """

    numbers: NDArray[np.intp]  # (groups, most parameters)
    entries: NDArray[np.intp]  # (groups, most entries)


class Known(NamedTuple):
    """The sparsity of a Jacobian, and the work that it saves."""

    touched: Touched
    teams: list[NDArray[np.intp]]
    owners: list[NDArray[np.intp]]
    """Who of a team touches each entry, or the team's size where nobody does."""
    blocks: Blocks | None


class Slopes:
    """The Jacobian of a residual, at one point after another.

    Parameters that touch different entries, such as those of different columns, are moved together,
    and each entry's difference is put down to the one parameter that touches it (Curtis, Powell and
    Reid, 1974). The slopes are those that one parameter after another gives, to the last bit. What
    touches what is learned from whole Jacobians. As a choice may move a parameter to other entries,
    every Jacobian is held against a slope along a random direction, and a wrong one is made anew.
    """

    def __init__(self, residual: Residual, adapter: Adapter) -> None:
        """Begin knowing nothing of what touches what."""
        self.residual, self.adapter = residual, adapter
        self.rng = np.random.default_rng(0)
        self.known: Known | None = None

    def at(self, theta: Array, r: Array, h: float = STEP) -> Array:
        """Return the forward differences of the residual r at theta, (parameters, entries)."""
        known = self.known
        if known and known.teams:
            J = self._together(known, theta, r, h)
            if self._right(J, theta, r, h):
                return J
        return self._anew(theta, r, h)

    def _anew(self, theta: Array, r: Array, h: float) -> Array:
        """Return a whole Jacobian, and learn from it what touches what."""
        known = self.known
        J = jacobian(self.residual, self.adapter, theta, r, h)
        if not known:
            self.known = structure(J != 0)
        elif known.teams:
            self.known = structure(known.touched | (J != 0))
        return J

    def along(self, theta: Array, r: Array, h: float = STEP) -> Array:
        """Return J r at theta, without J where parameters that touch different entries allow it."""
        known = self.known
        if not (known and known.teams):
            return self._anew(theta, r, h) @ r
        moved = theta + h * np.maximum(1.0, np.abs(theta))
        v = theta.copy()
        view = restore(self.adapter, v)  # its arrays are views of v, so that v moves them
        u = self.rng.normal(size=theta.shape)
        slope, expected = np.zeros_like(theta), np.zeros_like(r)
        for team, owners in zip(known.teams, known.owners, strict=True):
            v[team] = moved[team]
            rises = (self.residual(view) - r) * np.append(1 / (moved - theta)[team], 0.0)[owners]
            slope[team] = np.bincount(owners, rises * r, len(team) + 1)[:-1]
            expected += rises * np.append(u[team], 0.0)[owners]
            v[team] = theta[team]
        found = (self.residual(restore(self.adapter, theta + h * u)) - r) / h
        right = np.linalg.norm(expected - found) <= WRONG * np.linalg.norm(found)
        return slope if right else self._anew(theta, r, h) @ r

    def gram(self, J: Array) -> Array:
        """Return J Jᵀ, without products of the zeros that are known to be there."""
        if not (self.known and self.known.blocks):
            return gram(J)
        n, (numbers, entries) = len(J), self.known.blocks
        framed = np.pad(J, ((0, 1), (0, 1)))
        parts = framed[numbers[:, :, None], entries[:, None, :]]
        products = parts @ parts.swapaxes(1, 2)
        places = numbers[:, :, None] * (n + 1) + numbers[:, None, :]
        summed = np.bincount(places.ravel(), products.ravel(), (n + 1) ** 2)
        return np.asarray(summed, float).reshape(n + 1, n + 1)[:n, :n]

    def _together(self, known: Known, theta: Array, r: Array, h: float) -> Array:
        """Return the Jacobian by one residual for each team of parameters."""
        moved = theta + h * np.maximum(1.0, np.abs(theta))
        v = theta.copy()
        view = restore(self.adapter, v)  # its arrays are views of v, so that v moves them
        J = np.zeros(known.touched.shape)
        for team in known.teams:
            v[team] = moved[team]
            rows = np.where(known.touched[team], self.residual(view) - r, 0.0)
            J[team] = rows / (moved - theta)[team, None]
            v[team] = theta[team]
        return J

    def _right(self, J: Array, theta: Array, r: Array, h: float) -> bool:
        """Say whether a Jacobian gives the slope along a random direction."""
        u = self.rng.normal(size=theta.shape)
        slope = (self.residual(restore(self.adapter, theta + h * u)) - r) / h
        return bool(np.linalg.norm(u @ J - slope) <= WRONG * np.linalg.norm(slope))


def structure(touched: Touched) -> Known:
    """Return what follows from what touches what: no teams where they save less than a quarter."""
    found = teams(touched, 3 * len(touched) // 4)
    owners = [
        np.where(touched[team].any(axis=0), (~touched[team]).argmin(axis=0), len(team))
        for team in found
    ]
    return Known(touched, found, owners, blocks(touched) if found else None)


def teams(touched: Touched, most: int) -> list[NDArray[np.intp]]:
    """Return teams of parameters no two of which touch one entry; none where there are too many.

    >>> [team.tolist() for team in teams(np.array([[1, 0], [0, 1], [1, 1]], bool), 2)]
    [[0, 1], [2]]
    """
    bits = np.packbits(touched, axis=1)
    taken = np.zeros((most + 1, bits.shape[1]), bits.dtype)
    members = list[list[int]]()
    for number, entries in enumerate(bits):
        team = int(np.argmin((taken[: len(members) + 1] & entries).any(axis=1)))
        if team == most:
            return []
        if team == len(members):
            members.append([])
        members[team].append(number)
        taken[team] |= entries
    return [np.array(team) for team in members]


def blocks(touched: Touched) -> Blocks | None:
    """Return the entries that the same parameters touch, or None where this saves a product little.

    >>> blocks(np.eye(8, dtype=bool).repeat(2, axis=1)).entries[:3].tolist()
    [[0, 1], [2, 3], [4, 5]]
    """
    n, m = touched.shape
    by_entry = np.ascontiguousarray(touched.T)
    alike = dict[bytes, list[int]]()
    for entry, row in enumerate(by_entry):
        alike.setdefault(row.tobytes(), []).append(entry)
    groups = list(alike.values())
    entries = np.full((len(groups), max(map(len, groups))), m)
    for row, group in zip(entries, groups, strict=True):
        row[: len(group)] = group
    rows = by_entry[entries[:, 0]]
    most = int(rows.sum(axis=1).max())
    order = np.argsort(~rows, axis=1, stable=True)[:, :most]  # what touches the group comes first
    numbers = np.where(np.take_along_axis(rows, order, axis=1), order, n)
    products = numbers.size * most * entries.shape[1]
    return Blocks(numbers, entries) if products <= n * n * m / 8 else None


def jacobian(residual: Residual, adapter: Adapter, theta: Array, r: Array, h: float) -> Array:
    """Return the forward differences of the residual r at theta, a row per parameter.

    A parameter x is moved by h, or by h |x| where it is large.
    """
    v = theta.copy()
    view = restore(adapter, v)  # its arrays are views of v, so that v moves them
    J = np.empty((len(v), len(r)))
    for i, x in enumerate(theta):
        v[i] = x + h * max(1.0, abs(x))
        J[i] = (residual(view) - r) / (v[i] - x)
        v[i] = x
    return J


def gram(J: Array, rows: int = 32) -> Array:
    """Return J Jᵀ, one half of it computed, some rows at a time.

    Without BLAS, as in the browser, `einsum` takes half as long as `@`.
    """
    n = len(J)
    out = np.empty((n, n))
    for i in range(0, n, rows):
        j = i + rows
        out[i:j, :j] = np.einsum("ik,jk->ij", J[i:j], J[:j])
        out[:i, i:j] = out[i:j, :i].T
    return out

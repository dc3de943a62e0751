"""Consequences of FRoD's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.frod import FRoD, joint_basis, split
from tests.toy import singular_values, weight

SHAPES = [(48, 64), (64, 64), (64, 48)]


def fresh(W: Array, **knobs: Any) -> FRoD:
    return FRoD.init(W, np.random.default_rng(0), **knobs)


@pytest.mark.parametrize("d", SHAPES)
def test_in_one_layer_the_strengths_are_singular_values(d: tuple[int, int]) -> None:
    W = weight(*d)
    found = np.sort(fresh(W, layers=1).strengths)[::-1]
    np.testing.assert_allclose(found[: min(d)], singular_values(W), atol=1e-12)
    np.testing.assert_allclose(found[min(d) :], 0, atol=1e-12)


@pytest.mark.parametrize("d", [(64, 64), (64, 48)])
def test_two_layers_both_write_along_orthogonal_directions(d: tuple[int, int]) -> None:
    layers = [weight(*d, seed=seed) for seed in (0, 1)]
    V = joint_basis(layers)
    for W in layers:
        U, strengths, _ = split(W, V)
        np.testing.assert_allclose(U.T @ U, np.eye(d[1]), atol=1e-6)
        np.testing.assert_allclose((U * strengths) @ V.T, W, atol=1e-9)


def test_strengths_alone_keep_directions_and_exchanges_join_two_of_them() -> None:
    W = weight(32, 32)
    start = fresh(W, layers=1)
    U, V = start.U, start.V
    gained = replace(start, strengths=1.5 * start.strengths)
    np.testing.assert_allclose(gained.delta(W), 0.5 * W, atol=1e-12)
    one = replace(start, exchanges=np.eye(len(start.exchanges))[0])
    i, j = start.rows[0], start.columns[0]
    np.testing.assert_allclose(one.delta(W), np.outer(U[:, i], V[:, j]), atol=1e-12)


def test_no_place_of_an_exchange_is_on_the_diagonal_or_taken_twice() -> None:
    start = fresh(weight(16, 16), density=0.25)
    assert (start.rows != start.columns).all()
    assert len(set(zip(start.rows, start.columns, strict=True))) == len(start.exchanges) == 64

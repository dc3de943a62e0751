"""Consequences of Uni-LoRA's formula."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.unilora import UniLoRA
from demos.world import TRAINED, trained
from tests.toy import jacobian_rank, stepped, weight

W = weight(48, 64)
moved = partial(stepped, UniLoRA, W)


def spread(adapter: UniLoRA) -> Array:
    return np.concatenate([factor.ravel() for factor in adapter.factors()])


@pytest.mark.parametrize("length", [1, 50, 448])
def test_the_projection_is_an_isometry(length: int) -> None:
    adapter = moved(length=length)
    assert np.linalg.norm(spread(adapter)) == pytest.approx(np.linalg.norm(adapter.theta))
    other = replace(adapter, theta=np.random.default_rng(2).normal(size=length))
    inner = spread(adapter) @ spread(other)
    assert inner == pytest.approx(adapter.theta @ other.theta)


def test_a_fixed_network_that_writes_factors_reaches_as_many_dimensions_as_its_code_has() -> None:
    """Bends add none. Text-to-LoRA's network differs since it is fitted to other tasks."""
    rng, (d, r, code) = np.random.default_rng(3), (8, 2, 5)
    inner, heads = rng.normal(size=(16, code)), rng.normal(size=(2 * r * d, 16))
    for bend in (np.tanh, lambda z: z):

        def change(z: Array, bend: Any = bend) -> Array:
            A, B = np.split(heads @ bend(inner @ z), 2)
            return B.reshape(d, r) @ A.reshape(r, d)

        assert jacobian_rank(change, rng.normal(size=code)) == code


@pytest.mark.parametrize("base", TRAINED.values())
def test_the_changes_of_two_tasks_say_nothing_of_a_third(base: str) -> None:
    changes = np.stack([D.ravel() for D in trained(base, 64, 64)[1].values()])
    for i in range(3):
        others = np.delete(changes, i, axis=0)
        left = changes[i] - np.linalg.lstsq(others.T, changes[i])[0] @ others
        assert 1 - (left @ left) / (changes[i] @ changes[i]) < 0.01

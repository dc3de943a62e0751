"""Claims of ETHER's paper on ETHER+."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from adapters_np.methods.ether_plus import ETHERPlus, relaxed
from tests.toy import stepped, weight

any_blocks = pytest.mark.parametrize("blocks", [1, 2, 4, 8])
moved = partial(stepped, ETHERPlus, weight(48, 64), step=2.0, blocks=1)


def relaxed_reflection(adapter: ETHERPlus) -> Any:
    return relaxed(np.eye(64), adapter.u, adapter.v)


@any_blocks
def test_parallel_directions_cancel(blocks: int) -> None:
    W, adapter = weight(48, 64), moved(blocks=blocks)
    for sign in (1, -1):
        parallel = replace(adapter, v=sign * adapter.u, v_out=sign * adapter.u_out)
        np.testing.assert_allclose(parallel.delta(W), 0, atol=1e-12)


@any_blocks
def test_distance_from_the_identity_is_at_most_root_two_a_block(blocks: int) -> None:
    adapter = moved(blocks=blocks)
    u, v = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (adapter.u, adapter.v))
    cosines = (u * v).sum(axis=1)
    distance = np.linalg.norm(relaxed_reflection(adapter) - np.eye(64))
    assert distance == pytest.approx(np.sqrt((2 * (1 - cosines**2)).sum()))
    assert distance <= np.sqrt(2 * blocks)


def test_two_eigenvalues_leave_one_by_the_sine_of_the_angle() -> None:
    adapter = moved()
    u, v = (a[0] / np.linalg.norm(a) for a in (adapter.u, adapter.v))
    sine = np.sqrt(1 - (u @ v) ** 2)
    H = relaxed_reflection(adapter)
    values = np.linalg.eigvalsh(H)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(values[[0, -1]], [1 - sine, 1 + sine], atol=1e-12)
    np.testing.assert_allclose(values[1:-1], 1, atol=1e-12)
    assert np.linalg.det(H) == pytest.approx((u @ v) ** 2)

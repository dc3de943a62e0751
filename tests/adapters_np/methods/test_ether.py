"""Claims of ETHER's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import flatten, perturbed
from adapters_np.methods.ether import ETHER
from adapters_np.methods.hra import HRA
from tests.toy import singular_values, weight

any_blocks = pytest.mark.parametrize("blocks", [1, 2, 4, 8])


def moved(blocks: Any = 1) -> ETHER:
    rng = np.random.default_rng(1)
    return perturbed(ETHER.init(weight(48, 64), rng, blocks=blocks), rng, 1.0)


@any_blocks
def test_h_is_orthogonal_symmetric_and_undoes_itself(blocks: int) -> None:
    H = moved(blocks).rotation()
    np.testing.assert_allclose(H.T @ H, np.eye(64), atol=1e-12)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(H @ H, np.eye(64), atol=1e-12)


@any_blocks
def test_every_block_turns_the_sign_of_the_determinant(blocks: int) -> None:
    assert np.linalg.det(moved(blocks).rotation()) == pytest.approx((-1) ** blocks)


@any_blocks
def test_distance_from_the_identity_is_fixed_and_grows_with_blocks(blocks: int) -> None:
    for seed in range(5):
        adapter = perturbed(moved(blocks), np.random.default_rng(seed), 3.0)
        distance = np.linalg.norm(adapter.rotation() - np.eye(64))
        assert distance == pytest.approx(2 * np.sqrt(blocks))


@any_blocks
def test_spectrum_lengths_and_angles_of_neurons_stay(blocks: int) -> None:
    W = weight(48, 64)
    after = W + moved(blocks).delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-12)


@any_blocks
def test_change_has_rank_n(blocks: int) -> None:
    sigma = singular_values(moved(blocks).delta(weight(48, 64)))
    assert (sigma > 1e-10 * sigma[0]).sum() == blocks


def test_size_of_the_change_is_twice_that_of_w_along_u() -> None:
    W, adapter = weight(48, 64), moved()
    u = adapter.u[0] / np.linalg.norm(adapter.u)
    assert np.linalg.norm(adapter.delta(W)) == pytest.approx(2 * np.linalg.norm(W @ u))


@any_blocks
def test_lengths_of_the_normals_do_not_matter(blocks: int) -> None:
    W, adapter = weight(48, 64), moved(blocks)
    stretched = replace(adapter, u=adapter.u * np.arange(1, blocks + 1)[:, None])
    np.testing.assert_allclose(stretched.delta(W), adapter.delta(W), atol=1e-12)


@any_blocks
def test_parameters_do_not_depend_on_the_number_of_blocks(blocks: int) -> None:
    assert flatten(moved(blocks)).size == 64


@any_blocks
def test_applying_it_twice_restores_the_weight(blocks: int) -> None:
    W, adapter = weight(48, 64), moved(blocks)
    once = W + adapter.delta(W)
    np.testing.assert_allclose(once + adapter.delta(once), W, atol=1e-12)


def test_one_block_is_hra_with_one_reflection() -> None:
    W, adapter = weight(48, 64), moved()
    np.testing.assert_allclose(HRA(adapter.u.T, False).delta(W), adapter.delta(W), atol=1e-12)

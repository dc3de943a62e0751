"""Consequences of TinyLoRA's formula."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.tinylora import TinyLoRA
from tests.toy import weight

W = weight(48, 64)


def moved(**knobs: Any) -> TinyLoRA:
    rng = np.random.default_rng(1)
    return perturbed(TinyLoRA.init(W, rng, **knobs), rng, 1.0)


def test_parameters_do_not_depend_on_the_weight_s_size() -> None:
    assert {parameters(TinyLoRA, d, d, u=13) for d in (16, 64, 4096)} == {13}


def test_change_lies_between_the_leading_singular_directions() -> None:
    D = moved(rank=3).delta(W)
    U, _, Vt = thin_svd(W)
    inside = U.T @ D @ Vt.T
    assert np.linalg.norm(inside[:3, :3]) == pytest.approx(np.linalg.norm(D))
    assert np.linalg.matrix_rank(D) == 3


def test_strong_directions_move_most() -> None:
    U, sigma, Vt = thin_svd(W)
    adapter = moved(rank=4, u=16)
    core = (U.T @ adapter.delta(W) @ Vt.T)[:4, :4]
    roots = np.sqrt(sigma[:4])
    np.testing.assert_allclose(core, roots[:, None] * adapter.mixing() * roots, atol=1e-12)


def test_enough_random_matrices_span_every_mixing_and_fewer_do_not() -> None:
    for u, spanned in ((9, 9), (5, 5), (40, 9)):
        fresh = TinyLoRA.init(W, np.random.default_rng(0), rank=3, u=u)
        assert np.linalg.matrix_rank(fresh.P.reshape(u, 9)) == spanned


def test_a_single_number_moves_along_one_matrix() -> None:
    one, two = moved(u=1), moved(u=1)
    two = TinyLoRA(3 * one.v, one.P, one.A, one.B)
    np.testing.assert_allclose(two.delta(W), 3 * one.delta(W))

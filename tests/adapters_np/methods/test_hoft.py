"""Consequences of HOFT's formula, and claims of its paper."""

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
import pytest

from adapters_np.control import without
from adapters_np.core import perturbed
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.hoft import HOFT
from adapters_np.methods.hra import HRA
from tests.toy import cosines, singular_values, weight

Mirrors: TypeAlias = Literal[2, 4, 8, 16]


def moved(rank: Mirrors = 8, *, scaled: bool = False) -> tuple[HOFT, Array]:
    W, rng = weight(48, 64), np.random.default_rng(1)
    return perturbed(HOFT.init(W, rng, rank=rank, scaled=scaled), rng, 2.0), W


def test_with_two_terms_of_the_series_one_pair_starts_at_the_weight_and_several_do_not() -> None:
    W = weight(48, 64)
    ranks: tuple[Mirrors, ...] = (2, 4, 16)
    start = [HOFT.init(W, np.random.default_rng(1), rank=r, series=True) for r in ranks]
    away = [np.linalg.norm(a.delta(W)) / np.linalg.norm(W) for a in start]
    assert away[0] < 1e-12
    assert 0.1 < away[1] < away[2]


def test_at_the_width_of_a_large_model_two_terms_are_off_by_a_fiftieth_a_side() -> None:
    d, rng = 4096, np.random.default_rng(0)
    halves = [np.repeat(rng.normal(size=(d, 8)), 2, axis=1) for _ in range(2)]
    adapter = HOFT(halves[0], halves[1], np.ones(0), series=True)
    away = []
    for normals in halves:
        N, Gamma = adapter.chain(normals)
        R = np.linalg.qr(N)[1]  # the length of N Γ Nᵀ is that of R Γ Rᵀ
        away.append(np.linalg.norm(R @ Gamma @ R.T) / np.sqrt(d))
    assert all(1 / 70 < side < 1 / 35 for side in away)
    assert 1 / 45 < np.hypot(*away) < 1 / 22  # of a Gaussian weight, both sides together


@pytest.mark.parametrize("rank", [2, 8])
def test_singular_values_stay_and_angles_between_neurons_do_not(rank: Mirrors) -> None:
    adapter, W = moved(rank)
    after = W + adapter.delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)
    assert np.abs(cosines(after) - cosines(W)).max() > 0.1
    assert np.linalg.matrix_rank(adapter.delta(W), tol=1e-9) == 2 * rank


def test_hyperspherical_energy_does_not_stay() -> None:
    """The paper's appendix B.1 defines it by the columns, which turning the inputs mixes."""
    adapter, W = moved()
    W[:, ::2] += 2 * weight(48, 1)  # half of the inputs are written alike

    def energy(M: Array) -> float:
        unit = M.T / row_norms(M.T)[:, None]
        apart = np.linalg.norm(unit[:, None] - unit, axis=2)
        return float((1 / apart[np.triu_indices(64, 1)]).sum())

    outputs_alone = replace(adapter, V=np.repeat(adapter.V[:, ::2], 2, axis=1))
    assert energy(W + outputs_alone.delta(W)) == pytest.approx(energy(W))
    assert abs(energy(W + adapter.delta(W)) / energy(W) - 1) > 0.05


def test_with_the_outputs_left_alone_it_is_hra() -> None:
    adapter, W = moved()
    one = replace(adapter, U=np.repeat(adapter.U[:, ::2], 2, axis=1))
    np.testing.assert_allclose(one.delta(W), HRA(adapter.V, False).delta(W), atol=1e-12)


@pytest.mark.parametrize("knob", ["scaled", "series"])
def test_a_form_that_moves_singular_values_anyway_has_no_control(knob: str) -> None:
    W, rng = weight(48, 64), np.random.default_rng(3)
    fresh = HOFT.init(W, rng, scaled=knob == "scaled", series=knob == "series")
    with pytest.raises(ValueError, match=f"{knob}=True has no control"):
        without("hoft", "symmetric pairs", fresh, W, rng)

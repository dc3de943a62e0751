"""Consequences of WaveFT's formula."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adapters_np.methods.waveft import WaveFT, synthesis
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, WaveFT, W)


@pytest.mark.parametrize("d", [6, 32])
def test_haar_s_wavelets_are_an_orthonormal_basis(d: int) -> None:
    S = synthesis(d, "haar")
    np.testing.assert_allclose(S @ S.T, np.eye(d), atol=1e-12)


@pytest.mark.parametrize(("wavelet", "entries"), [("none", 1), ("haar", 4), ("db2", 16)])
def test_a_coefficient_changes_a_patch(wavelet: str, entries: int) -> None:
    adapter = replace(
        moved(n_frequency=1, wavelet=wavelet), rows=np.array([9]), columns=np.array([11])
    )
    changed = adapter.delta(W) != 0
    assert changed.sum() == entries
    side = int(np.sqrt(entries))
    assert np.ptp(np.nonzero(changed)[0]) == np.ptp(np.nonzero(changed)[1]) == side - 1


def test_a_coefficient_has_rank_one_and_haar_s_keep_the_norm() -> None:
    adapter = moved(n_frequency=1)
    assert np.linalg.matrix_rank(adapter.delta(W)) == 1
    many = moved(n_frequency=200, scale=3.0)
    assert np.linalg.norm(many.delta(W)) == pytest.approx(3 * np.linalg.norm(many.c))


def test_all_coefficients_reach_any_change() -> None:
    change = np.random.default_rng(2).normal(size=(8, 6))
    fresh = WaveFT.init(change, np.random.default_rng(0), n_frequency=48)
    S_out, S_in = synthesis(8, "haar"), synthesis(6, "haar")
    found = replace(fresh, c=(S_out.T @ change @ S_in)[fresh.rows, fresh.columns])
    np.testing.assert_allclose(found.delta(change), change, atol=1e-12)

"""Consequences of the formula of Super-Tuning."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.methods.shira import SHiRA
from adapters_np.methods.supertuning import SuperTuning
from tests.toy import stepped, weight

W = weight(48, 64)
moved = partial(stepped, SuperTuning, W)


def test_super_is_shira_with_the_mask_of_magnitudes() -> None:
    adapter, rng = moved(rank=0), np.random.default_rng(0)
    shira = SHiRA.init(W, rng, density=0.05, mask="magnitude")
    places = [set(zip(a.rows, a.columns, strict=True)) for a in (adapter, shira)]
    assert places[0] == places[1]


def test_a_change_of_low_rank_with_spikes_is_reached_whole() -> None:
    rng = np.random.default_rng(2)
    low_rank = rng.normal(size=(48, 2)) @ rng.normal(size=(2, 64))
    fresh = SuperTuning.init(W, rng, rank=2, alpha=2.0)
    spikes = np.zeros(W.shape)
    spikes[fresh.rows, fresh.columns] = 5 * rng.normal(size=len(fresh.theta))
    assert np.linalg.matrix_rank(low_rank + spikes) > 20
    U, sigma, Vt = np.linalg.svd(low_rank)
    found = replace(
        fresh, theta=spikes[fresh.rows, fresh.columns], A=Vt[:2], B=U[:, :2] * sigma[:2]
    )
    np.testing.assert_allclose(found.delta(W), low_rank + spikes, atol=1e-10)

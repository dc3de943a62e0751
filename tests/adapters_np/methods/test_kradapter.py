"""Consequences of KRAdapter's formula."""

from dataclasses import replace
from typing import Any

import numpy as np

from adapters_np.core import parameters
from adapters_np.linalg import Array
from adapters_np.methods.kradapter import KRAdapter
from adapters_np.methods.lokr import LoKr
from adapters_np.methods.lora import LoRA
from demos import lab
from tests.toy import stepped, weight


def moved(shape: tuple[int, int] = (64, 64), **knobs: Any) -> KRAdapter:
    return stepped(KRAdapter, weight(*shape), **knobs)


def drawn(shape: tuple[int, int] = (64, 64), **knobs: Any) -> KRAdapter:
    """Return an adapter with both matrices normal: the start leaves B uniform and small."""
    rng = np.random.default_rng(5)
    fresh = KRAdapter.init(weight(*shape), rng, **knobs)
    return replace(fresh, A=rng.normal(size=fresh.A.shape), B=rng.normal(size=fresh.B.shape))


def spread(D: Array) -> float:
    """Return the effective rank: exp of the entropy of the singular values."""
    p = np.linalg.svd(D, compute_uv=False)
    p = p[p > 1e-12] / p.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def test_each_row_folded_is_one_column_times_one_row() -> None:
    adapter = moved()
    D = adapter.delta(weight(64, 64))
    for i, row in enumerate(D):
        np.testing.assert_allclose(row, 2 * np.kron(adapter.B[i], adapter.A[i]), atol=1e-12)
        assert np.linalg.matrix_rank(row.reshape(8, 8)) == 1


def test_the_spectrum_is_full_and_flatter_than_that_of_a_lora_with_as_many_parameters() -> None:
    W = weight(64, 64)
    assert parameters(KRAdapter, 64, 64) == parameters(LoRA, 64, 64, rank=8) == 1024
    D = drawn().delta(W)
    rng = np.random.default_rng(6)
    low = rng.normal(size=(64, 8)) @ rng.normal(size=(8, 64))
    assert np.linalg.matrix_rank(D) == 64
    assert spread(D) > 6 * spread(low)


def test_lokr_with_full_factors_is_the_case_of_rows_that_share_them() -> None:
    rng, W = np.random.default_rng(2), weight(64, 64)
    lokr = LoKr.init(W, rng, factor=8, full=True)
    lokr = replace(lokr, C=rng.normal(size=(8, 8)), B=rng.normal(size=(8, 8)))
    shared = replace(
        KRAdapter.init(W, rng, scale=1.0), A=np.tile(lokr.B, (8, 1)), B=np.repeat(lokr.C, 8, axis=0)
    )
    np.testing.assert_allclose(shared.delta(W), lokr.delta(W), atol=1e-12)
    found = KRAdapter.init(W, rng).nearest(W, lokr.delta(W))
    assert found is not None
    np.testing.assert_allclose(found.delta(W), lokr.delta(W), atol=1e-10)


def shares(name: str) -> tuple[float, float]:
    """Return what KRAdapter and a LoRA with as many parameters explain of a change of the lab's."""
    change, W = lab.goal(name), lab.weight(name)
    found = KRAdapter.init(W, np.random.default_rng(0)).nearest(W, change)
    assert found is not None
    assert parameters(KRAdapter, *W.shape) == parameters(LoRA, *W.shape, rank=6)
    energy = np.linalg.svd(change, compute_uv=False) ** 2
    left = ((change - found.delta(W)) ** 2).sum()
    return float(1 - left / energy.sum()), float(energy[:6].sum() / energy.sum())


def test_it_is_ahead_of_a_lora_of_its_size_on_noise_and_behind_on_what_fine_tuning_did() -> None:
    kr, lora = shares("noise")
    assert kr > lora
    for name in ("real", "real_prose", "real_memory"):
        kr, lora = shares(name)
        assert kr < lora - 0.05
    assert abs(shares("real")[0] - shares("control")[0]) < 0.05

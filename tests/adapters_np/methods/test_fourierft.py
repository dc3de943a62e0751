"""Claims of FourierFT's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.fourierft import FourierFT
from demos.gauges import GAUGES
from demos.probe import measure
from tests.toy import jacobian_rank, weight

SHAPES = [(32, 32), (32, 24), (15, 24), (15, 21)]
every_shape = pytest.mark.parametrize("shape", SHAPES)


def moved(shape: tuple[int, int], n_frequency: int = 20, seed: int = 1) -> FourierFT:
    rng = np.random.default_rng(seed)
    return perturbed(FourierFT.init(weight(*shape), rng, n_frequency=n_frequency), rng, 1.0)


def spectrum(adapter: FourierFT, shape: tuple[int, int]) -> Array:
    F = np.zeros(shape)
    F[adapter.rows, adapter.columns] = adapter.c
    return F


def mirrored(F: NDArray[Any]) -> NDArray[Any]:
    """Return the array with F[−j, −k] at [j, k]."""
    rows, columns = (-np.arange(n) % n for n in F.shape)
    return F[np.ix_(rows, columns)]


def partners(j: NDArray[np.intp], size: int) -> dict[int, int]:
    """Return the classes {j, −j} that occur, by their smaller member, with their sizes."""
    return {int(min(a, -a % size)): len({int(a), int(-a % size)}) for a in j}


@every_shape
def test_spectrum_of_the_change_is_real_and_lies_on_the_points_and_their_mirror_images(
    shape: tuple[int, int],
) -> None:
    adapter = moved(shape)
    F = spectrum(adapter, shape)
    found = np.fft.fft2(adapter.delta(weight(*shape)))
    np.testing.assert_allclose(found, adapter.alpha / 2 * (F + mirrored(F)), atol=1e-11)
    assert (np.abs(found) > 1e-9).sum() <= 2 * len(adapter.c)


@every_shape
@pytest.mark.parametrize("n", [1, 3, 8, 40])
def test_rank_is_bounded_by_the_waves_and_by_their_distinct_rows_and_columns(
    shape: tuple[int, int], n: int
) -> None:
    d_out, d_in = shape
    for seed in range(5):
        adapter = moved(shape, n, seed)
        alone = (2 * adapter.rows % d_out == 0) | (2 * adapter.columns % d_in == 0)
        bounds = [
            int(np.where(alone, 1, 2).sum()),
            sum(partners(adapter.rows, d_out).values()),
            sum(partners(adapter.columns, d_in).values()),
            2 * n,
        ]
        assert np.linalg.matrix_rank(adapter.delta(weight(*shape))) <= min(bounds)


@pytest.mark.parametrize(("shape", "alone"), [((8, 6), 4), ((8, 5), 2), ((7, 6), 2), ((7, 5), 1)])
def test_all_points_together_reach_half_of_all_matrices(shape: tuple[int, int], alone: int) -> None:
    size = shape[0] * shape[1]
    adapter = moved(shape, size)
    reach = jacobian_rank(lambda c: replace(adapter, c=c).delta(weight(*shape)), adapter.c)
    assert reach == (size + alone) // 2


def test_fresh_change_is_as_small_as_the_paper_makes_it() -> None:
    W = weight(64, 64)
    adapter = FourierFT.init(W, np.random.default_rng(1), n_frequency=512)
    expected = adapter.alpha * np.sqrt(512 / 2) / W.size
    assert adapter.delta(W).std() == pytest.approx(expected, rel=0.1)
    assert not FourierFT.init(W, np.random.default_rng(1), zero_start=True).delta(W).any()


def test_gauges_count_the_points_and_see_the_symmetry() -> None:
    change = measure("fourierft", {"n_frequency": 40})
    assert 40 < GAUGES["fourier_entries"](change)["value"] <= 80
    assert GAUGES["half_turn"](change)["value"] < 1e-12
    assert GAUGES["half_turn"](measure("lora", {}))["value"] > 1

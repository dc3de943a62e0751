"""Claims of FourierFT's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.fourierft import FourierFT
from demos.probe import GAUGES, measure
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
def test_change_is_a_sum_of_cosines(shape: tuple[int, int]) -> None:
    adapter, (d_out, d_in) = moved(shape), shape
    p, q = np.ogrid[:d_out, :d_in]
    waves = [
        c * np.cos(2 * np.pi * (p * j / d_out + q * k / d_in))
        for c, j, k in zip(adapter.c, adapter.rows, adapter.columns, strict=True)
    ]
    expected = adapter.alpha / (d_out * d_in) * np.sum(waves, axis=0)
    np.testing.assert_allclose(adapter.delta(weight(*shape)), expected, atol=1e-12)


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
def test_change_stays_the_same_under_half_a_turn(shape: tuple[int, int]) -> None:
    delta = moved(shape).delta(weight(*shape))
    np.testing.assert_allclose(mirrored(delta), delta, atol=1e-12)


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


@every_shape
def test_norm_of_the_change_is_that_of_its_spectrum(shape: tuple[int, int]) -> None:
    adapter, size = moved(shape), np.prod(shape)
    F = spectrum(adapter, shape)
    expected = np.linalg.norm(adapter.alpha / 2 * (F + mirrored(F))) / np.sqrt(size)
    np.testing.assert_allclose(np.linalg.norm(adapter.delta(weight(*shape))), expected)


def test_norm_is_that_of_the_amplitudes_where_no_point_is_a_mirror_image() -> None:
    rows, columns = np.array([1, 2, 3, 5]), np.array([0, 7, 1, 20])
    adapter = FourierFT(np.array([1.0, -2.0, 0.5, 3.0]), rows, columns, 4.0)
    expected = adapter.alpha * np.linalg.norm(adapter.c) / np.sqrt(2 * 32 * 24)
    np.testing.assert_allclose(np.linalg.norm(adapter.delta(weight(32, 24))), expected)


def test_change_is_linear_in_the_amplitudes() -> None:
    adapter, W = moved((32, 24)), weight(32, 24)
    other = np.random.default_rng(2).normal(size=len(adapter.c))
    both = replace(adapter, c=2 * adapter.c - other).delta(W)
    parts = 2 * adapter.delta(W) - replace(adapter, c=other).delta(W)
    np.testing.assert_allclose(both, parts, atol=1e-12)


@pytest.mark.parametrize(("shape", "alone"), [((8, 6), 4), ((8, 5), 2), ((7, 6), 2), ((7, 5), 1)])
def test_all_points_together_reach_half_of_all_matrices(shape: tuple[int, int], alone: int) -> None:
    size = shape[0] * shape[1]
    adapter = moved(shape, size)
    reach = jacobian_rank(lambda c: replace(adapter, c=c).delta(weight(*shape)), adapter.c)
    assert reach == (size + alone) // 2


def test_best_fit_to_noise_with_all_points_has_half_its_energy() -> None:
    target = np.random.default_rng(4).normal(size=(64, 64))
    reachable = (target + mirrored(target)) / 2
    share = np.linalg.norm(reachable) ** 2 / np.linalg.norm(target) ** 2
    assert share == pytest.approx(0.5, abs=0.03)
    F = np.fft.fft2(reachable).real
    points = np.divmod(np.arange(64 * 64), 64)
    fit = FourierFT(F.ravel(), *points, 1.0).delta(weight(64, 64))
    np.testing.assert_allclose(fit, reachable, atol=1e-12)


@pytest.mark.parametrize(("n", "distinct"), [(1000, 877), (2000, 1506)])
def test_mirror_images_among_the_points_are_the_same_wave(n: int, distinct: int) -> None:
    adapter = FourierFT.init(weight(64, 64), np.random.default_rng(0), n_frequency=n)
    points = zip(adapter.rows.tolist(), adapter.columns.tolist(), strict=True)
    waves = {frozenset([(j, k), (-j % 64, -k % 64)]) for j, k in points}
    assert len(waves) == pytest.approx(distinct, rel=0.03)


@every_shape
def test_gradient_of_the_amplitudes_is_read_off_the_transform_of_the_weights_gradient(
    shape: tuple[int, int],
) -> None:
    adapter, W = moved(shape), weight(*shape)
    G = np.random.default_rng(5).normal(size=shape)
    slopes = [(G * replace(adapter, c=e).delta(W)).sum() for e in np.eye(len(adapter.c))]
    closed = adapter.alpha / W.size * np.fft.fft2(G).real[adapter.rows, adapter.columns]
    np.testing.assert_allclose(slopes, closed, atol=1e-12)


def test_fresh_change_is_as_small_as_the_paper_makes_it() -> None:
    W = weight(64, 64)
    adapter = FourierFT.init(W, np.random.default_rng(1), n_frequency=512)
    expected = adapter.alpha * np.sqrt(512 / 2) / W.size
    assert adapter.delta(W).std() == pytest.approx(expected, rel=0.1)
    assert not FourierFT.init(W, np.random.default_rng(1), zero_start=True).delta(W).any()


def test_one_seed_gives_layers_of_one_shape_the_same_points() -> None:
    first, second = (
        FourierFT.init(weight(16, 24, seed), np.random.default_rng(7)) for seed in (1, 2)
    )
    assert (first.rows == second.rows).all()
    assert (first.columns == second.columns).all()


def test_gauges_count_the_points_and_see_the_symmetry() -> None:
    change = measure("fourierft", {"n_frequency": 40})
    assert 40 < GAUGES["fourier_entries"](change)["value"] <= 80
    assert GAUGES["half_turn"](change)["value"] < 1e-12
    assert GAUGES["half_turn"](measure("lora", {}))["value"] > 1

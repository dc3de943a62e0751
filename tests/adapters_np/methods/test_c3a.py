"""Claims of C3A's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.c3a import C3A
from demos.probe import GAUGES, measure
from tests.toy import singular_values, tokens, weight


def moved(shape: tuple[int, int] = (48, 32), block_size: Any = 16) -> C3A:
    rng = np.random.default_rng(1)
    return perturbed(C3A.init(weight(*shape), rng, block_size=block_size), rng, 1.0)


def single(kernel: Array) -> Array:
    """Return the change of a square layer that is one tile."""
    return C3A(kernel[None, None]).delta(np.zeros((len(kernel), len(kernel))))


def rank(matrix: Array) -> int:
    return int(np.linalg.matrix_rank(matrix))


def wave(frequency: int, b: int = 64) -> Array:
    return np.cos(2 * np.pi * frequency * np.arange(b) / b)


def test_tiles_are_circulant_and_the_kernel_is_their_first_row() -> None:
    adapter = moved()
    delta = adapter.delta(weight(48, 32))
    for u, v in np.ndindex(adapter.w.shape[:2]):
        tile = delta[16 * u : 16 * u + 16, 16 * v : 16 * v + 16]
        assert (tile[0] == adapter.w[u, v]).all()
        assert (np.roll(tile, (1, 1), axis=(0, 1)) == tile).all()


def test_singular_values_of_one_tile_are_the_magnitudes_of_its_frequencies() -> None:
    kernel = np.random.default_rng(2).normal(size=64)
    sizes = np.sort(np.abs(np.fft.fft(kernel)))[::-1]
    np.testing.assert_allclose(singular_values(single(kernel)), sizes, atol=1e-12)


def test_one_tile_is_a_normal_matrix_that_the_fourier_transform_makes_diagonal() -> None:
    kernel = np.random.default_rng(2).normal(size=16)
    C = single(kernel)
    np.testing.assert_allclose(C @ C.T, C.T @ C, atol=1e-12)
    F = np.fft.fft(np.eye(16)) / 4
    diagonal = F @ C @ F.conj().T
    np.testing.assert_allclose(diagonal, np.diag(np.fft.fft(kernel).conj()), atol=1e-12)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (np.ones(64), 1),
        ((-1.0) ** np.arange(64), 1),
        (wave(5), 2),
        (np.tile(np.random.default_rng(3).normal(size=8), 8), 8),
        (np.random.default_rng(3).normal(size=64), 64),
    ],
    ids=["constant", "alternating", "cosine", "period 8", "random"],
)
def test_rank_of_one_tile_is_the_number_of_its_frequencies(kernel: Array, expected: int) -> None:
    assert rank(single(kernel)) == expected


def test_kernel_that_sums_to_zero_loses_one_direction() -> None:
    kernel = np.random.default_rng(3).normal(size=64)
    assert rank(single(kernel - kernel.mean())) == 63


def test_silencing_a_frequency_costs_two_directions_except_the_first_and_the_middle_one() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(4).normal(size=64))
    for k in range(33):
        kept = np.where(np.arange(33) == k, 0, spectrum)
        assert rank(single(np.fft.irfft(kept))) == (63 if k in (0, 32) else 62)


@pytest.mark.parametrize("shape", [(48, 32), (16, 48), (32, 32)])
def test_rank_is_the_sum_over_frequencies_of_the_ranks_of_the_grid(shape: tuple[int, int]) -> None:
    adapter = moved(shape)
    few = adapter.w.copy()
    few[1:] = few[:1]  # all rows of tiles alike
    for w in (adapter.w, few, np.where(np.arange(16) < 4, adapter.w, 0)):
        delta = replace(adapter, w=w).delta(weight(*shape))
        slices = np.moveaxis(np.fft.fft(w), -1, 0)
        assert rank(delta) == sum(int(np.linalg.matrix_rank(s)) for s in slices)
    assert rank(adapter.delta(weight(*shape))) == min(shape)


@pytest.mark.parametrize("block_size", [1, 4, 16])
def test_norm_of_the_change_is_root_b_times_that_of_the_kernels(block_size: int) -> None:
    adapter = moved(block_size=block_size)
    expected = np.sqrt(block_size) * np.linalg.norm(adapter.w)
    np.testing.assert_allclose(np.linalg.norm(adapter.delta(weight(48, 32))), expected)


def test_kernels_of_length_one_are_a_free_matrix() -> None:
    adapter = moved(block_size=1)
    assert (adapter.delta(weight(48, 32)) == adapter.w[:, :, 0]).all()


def test_shifting_an_input_tile_shifts_what_it_adds() -> None:
    adapter, W = moved(), weight(48, 32)
    x = tokens(32, 1)
    x[16:] = 0
    shifted = np.concatenate([np.roll(x[:16], 3, axis=0), x[16:]])
    plain = (adapter.delta(W) @ x).reshape(3, 16)
    turned = (adapter.delta(W) @ shifted).reshape(3, 16)
    np.testing.assert_allclose(turned, np.roll(plain, 3, axis=1), atol=1e-12)


@pytest.mark.parametrize(("block_size", "share"), [(4, 1 / 4), (8, 1 / 8), (16, 1 / 16)])
def test_best_fit_is_the_mean_along_wrapped_diagonals_and_keeps_one_bth_of_noise(
    block_size: int, share: float
) -> None:
    b, target = block_size, np.random.default_rng(6).normal(size=(128, 128))
    tiles = target.reshape(128 // b, b, 128 // b, b)
    i = np.arange(b)
    kernels = tiles[:, i[:, None], :, (i[:, None] + i) % b].mean(axis=0).transpose(1, 2, 0)
    fit = C3A(kernels).delta(target)
    nudge = C3A(np.random.default_rng(7).normal(size=kernels.shape)).delta(target)
    assert ((target - fit) * nudge).sum() == pytest.approx(0, abs=1e-9)
    kept = np.linalg.norm(fit) ** 2 / np.linalg.norm(target) ** 2
    assert kept == pytest.approx(share, rel=0.1)


def test_gradients_are_correlations_too() -> None:
    kernel, x, g = np.random.default_rng(8).normal(size=(3, 16))
    slopes = [g @ single(e) @ x for e in np.eye(16)]
    fft, ifft = np.fft.fft, np.fft.ifft
    np.testing.assert_allclose(slopes, fft(fft(g) * ifft(x)).real, atol=1e-12)
    np.testing.assert_allclose(single(kernel).T @ g, ifft(fft(kernel) * fft(g)).real, atol=1e-12)


def test_kernel_and_input_do_not_commute_in_the_row_convention() -> None:
    kernel, x = np.random.default_rng(9).normal(size=(2, 16))
    assert np.abs(single(kernel) @ x - single(x) @ kernel).max() > 0.1
    np.testing.assert_allclose(single(kernel).T @ x, single(x).T @ kernel, atol=1e-12)


def test_zero_start_leaves_the_layer_as_it_is_and_the_usual_one_almost() -> None:
    W, rng = weight(64, 64), np.random.default_rng(0)
    assert not C3A.init(W, rng, zero_start=True).delta(W).any()
    assert 0 < np.linalg.norm(C3A.init(W, rng).delta(W)) < 0.03 * np.linalg.norm(W)


@pytest.mark.parametrize(("block_size", "expected"), [(16, 16), (32, 4), (8, 8), (1, 1)])
def test_tiles_span_at_most_b_dimensions(block_size: int, expected: int) -> None:
    assert GAUGES["tile_rank"](measure("c3a", {"block_size": block_size}))["value"] == expected

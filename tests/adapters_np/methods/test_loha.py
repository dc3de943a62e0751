"""Claims of the papers on LoHa."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.methods.loha import LoHa
from adapters_np.methods.lora import LoRA
from tests.toy import weight


def moved(rank: int = 4, shape: tuple[int, int] = (64, 64)) -> LoHa:
    rng = np.random.default_rng(1)
    return perturbed(LoHa.init(weight(*shape), rng, rank=rank), rng, 1.0)


def rank_of(adapter: LoHa, shape: tuple[int, int] = (64, 64)) -> int:
    return int(np.linalg.matrix_rank(adapter.delta(weight(*shape))))


@pytest.mark.parametrize(
    ("rank", "shape", "expected"),
    [(1, (64, 64), 1), (2, (64, 64), 4), (4, (64, 64), 16), (7, (64, 64), 49), (8, (64, 64), 64),
     (7, (64, 48), 48), (3, (24, 64), 9)],
)  # fmt: skip
def test_rank_is_the_square_of_r_up_to_the_layers_side(
    rank: int, shape: tuple[int, int], expected: int
) -> None:
    assert rank_of(moved(rank, shape), shape) == expected == min(rank**2, *shape)


@pytest.mark.parametrize(("rank", "more"), [(1, False), (2, False), (3, True), (6, True)])
def test_rank_exceeds_that_of_lora_with_as_many_parameters_only_above_two(
    rank: int, more: bool
) -> None:
    assert parameters(LoHa, 64, 64, rank=rank) == parameters(LoRA, 64, 64, rank=2 * rank)
    assert (rank_of(moved(rank)) > 2 * rank) == more


@pytest.mark.parametrize("d", [16, 64, 49])
def test_smallest_r_without_a_ceiling_is_the_root_of_the_side(d: int) -> None:
    root = int(np.sqrt(d))
    assert rank_of(moved(root, (d, d)), (d, d)) == d
    assert rank_of(moved(root - 1, (d, d)), (d, d)) < d


def test_change_is_lora_with_all_products_of_columns_as_factors() -> None:
    adapter, W = moved(3, (48, 64)), weight(48, 64)
    B, A = adapter.factors()
    assert B.shape == (48, 9)
    assert A.shape == (9, 64)
    for p, q in ((0, 0), (17, 5)):
        np.testing.assert_allclose(B[p], np.kron(adapter.B1[p], adapter.B2[p]))
        np.testing.assert_allclose(A[:, q], np.kron(adapter.A1[:, q], adapter.A2[:, q]))
    np.testing.assert_allclose(adapter.s * B @ A, adapter.delta(W), atol=1e-12)


def test_two_equal_maps_have_fewer_directions() -> None:
    adapter = moved(5)
    tied = replace(adapter, A2=adapter.A1, B2=adapter.B1)
    assert rank_of(tied) == 15 == 5 * 6 // 2


def test_a_map_of_ones_leaves_lora() -> None:
    adapter, W = moved(4), weight(64, 64)
    ones = replace(adapter, B2=np.eye(4)[:1].repeat(64, 0), A2=np.eye(4)[:, :1].repeat(64, 1))
    expected = LoRA(adapter.A1, adapter.B1, adapter.s).delta(W)
    np.testing.assert_allclose(ones.delta(W), expected, atol=1e-12)


def test_scale_can_move_between_the_maps() -> None:
    adapter, W = moved(), weight(64, 64)
    other = replace(adapter, B1=3 * adapter.B1, B2=adapter.B2 / 3)
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-12)


def test_norms_are_bounded_by_those_of_the_maps() -> None:
    adapter = moved()
    P, Q = adapter.B1 @ adapter.A1, adapter.B2 @ adapter.A2
    product = adapter.delta(weight(64, 64)) / adapter.s
    assert np.linalg.norm(product, 2) <= np.linalg.norm(P, 2) * np.linalg.norm(Q, 2)
    assert np.linalg.norm(product) <= np.abs(P).max() * np.linalg.norm(Q)


def test_zero_in_either_map_shuts_the_neuron() -> None:
    adapter, W = moved(), weight(64, 64)
    open_rows = (np.arange(64) != 7)[:, None]
    for name in ("B1", "B2"):
        shut = replace(adapter, **{name: getattr(adapter, name) * open_rows}).delta(W)
        assert not shut[7].any()
        assert (shut[8] == adapter.delta(W)[8]).all()


def test_at_the_start_only_the_zero_factor_has_a_gradient() -> None:
    W = weight(64, 64)
    fresh = LoHa.init(W, np.random.default_rng(0))
    nudge = np.random.default_rng(1)
    for name in ("A1", "B1", "A2", "B2"):
        array = getattr(fresh, name)
        other = replace(fresh, **{name: array + nudge.normal(size=array.shape)})
        assert other.delta(W).any() == (name == "B2")

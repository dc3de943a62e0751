"""Claims of VB-LoRA's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.vblora import VBLoRA
from tests.toy import weight

SHAPE = (48, 64)
every_k = pytest.mark.parametrize("topk", [1, 2, 3])


def moved(shape: tuple[int, int] = SHAPE, seed: int = 1, **chosen: Any) -> VBLoRA:
    rng = np.random.default_rng(seed)
    return perturbed(VBLoRA.init(weight(*shape), rng, **chosen), rng, 1.0)


def cut(adapter: VBLoRA) -> Array:
    """Return all pieces of the rows of A and of the columns of B, one in each row."""
    B, A = adapter.factors()
    b = adapter.bank.shape[1]
    return np.vstack([A.reshape(-1, b), B.T.reshape(-1, b)])


@every_k
def test_pieces_are_mixtures_of_k_vectors_with_positive_weights_that_sum_to_one(topk: int) -> None:
    adapter = moved(topk=topk)
    for logits in (adapter.logits_in, adapter.logits_out):
        chosen, weights = adapter.code(logits)
        assert chosen.shape == weights.shape == (*logits.shape[:-1], topk)
        assert (weights > 0).all()
        np.testing.assert_allclose(weights.sum(axis=-1), 1)
        assert (np.diff(np.sort(chosen, axis=-1), axis=-1) > 0).all()


@pytest.mark.parametrize(("num_vectors", "vector_length"), [(4, 8), (16, 8), (4, 16)])
def test_pieces_of_two_layers_span_no_more_than_their_common_bank(
    num_vectors: int, vector_length: int
) -> None:
    first = moved(num_vectors=num_vectors, vector_length=vector_length)
    second = moved((64, 32), 2, num_vectors=num_vectors, vector_length=vector_length)
    second = replace(second, bank=first.bank)
    pieces = np.vstack([cut(first), cut(second)])
    assert np.linalg.matrix_rank(pieces) == min(num_vectors, vector_length)


@every_k
def test_bank_indices_and_all_but_one_weight_are_enough_to_rebuild_the_change(topk: int) -> None:
    adapter, W = moved(topk=topk), weight(*SHAPE)

    def rebuilt(chosen: NDArray[np.intp], kept: Array) -> Array:
        last = 1 - kept.sum(axis=-1, keepdims=True)
        weights = np.concatenate([kept, last], axis=-1)
        return np.asarray((weights[..., None] * adapter.bank[chosen]).sum(axis=-2))

    numbers: float = adapter.bank.size
    pieces = []
    for logits in (adapter.logits_in, adapter.logits_out):
        chosen, weights = adapter.code(logits)
        pieces.append(rebuilt(chosen.astype(np.uint8), weights[..., :-1]))
        numbers += weights[..., :-1].size + chosen.size / 4
    A = pieces[0].reshape(len(pieces[0]), -1)
    B = pieces[1].swapaxes(1, 2).reshape(SHAPE[0], -1)
    np.testing.assert_allclose(B @ A, adapter.delta(W), atol=1e-12)
    assert adapter.stored() == numbers

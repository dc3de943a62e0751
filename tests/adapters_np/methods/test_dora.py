"""Claims of DoRA's paper."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.linalg import Array, row_norms
from adapters_np.methods.dora import DoRA
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, weight

D_OUT, D_IN, RANK = 48, 64, 4
moved = partial(stepped, DoRA, weight(D_OUT, D_IN), rank=RANK, alpha=8.0)


def after(adapter: DoRA) -> Array:
    W = weight(D_OUT, D_IN)
    return W + adapter.delta(W)


def test_learned_length_is_the_length_of_the_neuron() -> None:
    adapter = moved()
    np.testing.assert_allclose(row_norms(after(adapter)), np.abs(adapter.m), atol=1e-13)


def test_neuron_points_where_the_low_rank_change_puts_it_up_to_the_sign_of_its_length() -> None:
    adapter = moved()
    V = adapter.direction(weight(D_OUT, D_IN))
    cosine = np.einsum("ij,ij->i", after(adapter), V) / (np.abs(adapter.m) * row_norms(V))
    np.testing.assert_allclose(cosine, np.sign(adapter.m), atol=1e-13)


def test_lengths_tied_to_v_give_lora() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    tied = replace(adapter, m=row_norms(adapter.direction(W)))
    lora = LoRA(adapter.A, adapter.B, adapter.s)
    np.testing.assert_allclose(tied.delta(W), lora.delta(W), atol=1e-13)

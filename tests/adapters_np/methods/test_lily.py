"""Consequences of Lily's formula."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.methods.lily import Lily
from adapters_np.methods.lora import LoRA
from tests.toy import tokens, weight

W, X = weight(48, 64), tokens(64)


def moved() -> Lily:
    rng = np.random.default_rng(1)
    return perturbed(Lily.init(W, rng, rank=4), rng, 1.0)


def test_shares_are_those_of_a_softmax() -> None:
    shares = moved().shares(X)
    assert shares.shape == (3,)
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()


def test_on_one_batch_it_is_lora_with_the_mixture_as_its_b() -> None:
    adapter = moved()
    B = np.tensordot(adapter.shares(X), adapter.B, axes=1)
    np.testing.assert_allclose(
        adapter.forward(W, X), LoRA(adapter.A, B, adapter.s).forward(W, X), atol=1e-12
    )


def test_a_token_s_output_depends_on_the_others_of_its_batch() -> None:
    adapter = moved()
    alone = adapter.forward(W, X[:, :1])
    assert not np.allclose(alone, adapter.forward(W, X)[:, :1])


def test_equal_parts_leave_nothing_to_the_router() -> None:
    adapter = moved()
    equal = replace(adapter, B=np.repeat(adapter.B[:1], 3, axis=0))
    other = replace(equal, G=-7 * equal.G)
    np.testing.assert_allclose(equal.forward(W, X), other.forward(W, X), atol=1e-12)


def test_what_a_layer_has_of_its_own_is_one_factor_and_a_router() -> None:
    rank, experts = 4, 3
    own = rank * 64 + experts * rank
    assert parameters(Lily, 48, 64, rank=rank, experts=experts) == own + experts * 48 * rank


def test_at_the_start_neither_reading_nor_routing_has_a_gradient() -> None:
    fresh = Lily.init(W, np.random.default_rng(0))
    other = replace(fresh, A=fresh.A + 1, G=fresh.G - 2)
    np.testing.assert_array_equal(other.forward(W, X), W @ X)

"""Consequences of Lily's formula."""

from functools import partial

import numpy as np

from adapters_np.methods.lily import Lily
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, tokens, weight

W, X = weight(48, 64), tokens(64)
moved = partial(stepped, Lily, W, rank=4)


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

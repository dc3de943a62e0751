"""Consequences of a bottleneck adapter's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.control import without
from adapters_np.core import perturbed
from adapters_np.methods.bottleneck import Bottleneck
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, tokens, weight

W, X = weight(48, 32), tokens(32, 40)
moved = partial(stepped, Bottleneck, W)


@pytest.mark.parametrize("parallel", [False, True])
def test_what_is_added_lies_in_as_many_directions_as_there_are_units_and_a_shift(
    parallel: bool,
) -> None:
    added = moved(width=3, parallel=parallel).forward(W, X) - W @ X
    assert np.linalg.matrix_rank(added) == 4
    assert np.linalg.matrix_rank(added - added[:, :1]) == 3


def test_it_is_no_linear_function_of_the_input_so_nothing_merges() -> None:
    adapter = moved(width=2, activation="relu")
    added = adapter.forward(W, X) - W @ X - adapter.b[:, None]
    twice = adapter.forward(W, -X) + W @ X - adapter.b[:, None]
    assert np.abs(added + twice).max() > 0.1  # a linear one would be odd


def test_without_bends_a_parallel_one_is_lora_with_a_shift() -> None:
    rng = np.random.default_rng(2)
    straight = perturbed(
        without("bottleneck", "without bends", moved(parallel=True, scale=4.0), W, rng), rng, 0.5
    )
    assert isinstance(straight, Bottleneck)
    shift = straight.s * (straight.U @ straight.a + straight.b)
    lora = LoRA(straight.D, straight.U, straight.s).forward(W, X)
    np.testing.assert_allclose(straight.forward(W, X), lora + shift[:, None], atol=1e-12)

"""Facts that hold when only gain and shift of a norm are trained."""

from functools import partial

import numpy as np
import pytest

from adapters_np.methods.ln_tuning import LNTuning
from tests.toy import stepped, tokens, weight

W, X = weight(12, 20), tokens(20, 9)
both = pytest.mark.parametrize("norm", ["rms", "layer"])
moved = partial(stepped, LNTuning, W)


@both
def test_change_is_a_scaling_of_the_columns_plus_a_bias_for_every_weight_behind_the_norm(
    norm: str,
) -> None:
    adapter = moved(norm=norm)
    delta = adapter.gamma - adapter.gamma_0
    shift = adapter.beta - adapter.beta_0 if adapter.beta.size else np.zeros(20)
    for consumer in (W, weight(7, 20, seed=5)):
        change = adapter.forward(consumer, X) - adapter.base(consumer, X)
        predicted = (consumer * delta) @ adapter.standardised(X) + (consumer @ shift)[:, None]
        np.testing.assert_allclose(change, predicted, atol=1e-12)


@both
def test_folding_gain_and_shift_into_the_weight_gives_the_same_output(norm: str) -> None:
    adapter = moved(norm=norm)
    np.testing.assert_allclose(adapter.forward_folded(W, X), adapter.forward(W, X), atol=1e-12)

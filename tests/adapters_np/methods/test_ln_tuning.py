"""Facts that hold when only gain and shift of a norm are trained."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.methods.ln_tuning import LNTuning
from tests.toy import tokens, weight

W, X = weight(12, 20), tokens(20, 9)
both = pytest.mark.parametrize("norm", ["rms", "layer"])


def moved(norm: str) -> LNTuning:
    rng = np.random.default_rng(1)
    return perturbed(LNTuning.init(W, rng, norm=norm), rng, 1.0)  # type: ignore[arg-type]


@both
def test_change_is_a_scaling_of_the_columns_plus_a_bias_for_every_weight_behind_the_norm(
    norm: str,
) -> None:
    adapter = moved(norm)
    delta = adapter.gamma - adapter.gamma_0
    shift = adapter.beta - adapter.beta_0 if adapter.beta.size else np.zeros(20)
    for consumer in (W, weight(7, 20, seed=5)):
        change = adapter.forward(consumer, X) - adapter.base(consumer, X)
        predicted = (consumer * delta) @ adapter.standardised(X) + (consumer @ shift)[:, None]
        np.testing.assert_allclose(change, predicted, atol=1e-12)


@both
def test_folded_weight_has_columns_parallel_to_those_of_w_in_one_ratio_for_all(norm: str) -> None:
    adapter = moved(norm)
    for consumer in (W, weight(7, 20, seed=5)):
        folded, _ = adapter.folded(consumer)
        np.testing.assert_allclose(
            folded / consumer, np.broadcast_to(adapter.gamma, consumer.shape), atol=1e-12
        )


@both
def test_folding_gain_and_shift_into_the_weight_gives_the_same_output(norm: str) -> None:
    adapter = moved(norm)
    np.testing.assert_allclose(adapter.forward_folded(W, X), adapter.forward(W, X), atol=1e-12)


def test_rank_of_the_folded_change_is_at_most_the_number_of_gains_that_moved() -> None:
    adapter = moved("rms")
    gamma = np.where(np.arange(20) < 5, adapter.gamma, adapter.gamma_0)
    few = replace(adapter, gamma=gamma)
    change = few.folded(W)[0] - W * few.gamma_0
    assert np.linalg.matrix_rank(change, tol=1e-12) == 5


@both
def test_pretrained_values_are_the_identity(norm: str) -> None:
    adapter = moved(norm)
    back = replace(adapter, gamma=adapter.gamma_0, beta=adapter.beta_0)
    assert (back.forward(W, X) == back.base(W, X)).all()
    assert np.abs(adapter.forward(W, X) - adapter.base(W, X)).max() > 0.1


@both
def test_scale_of_a_token_still_does_not_matter(norm: str) -> None:
    adapter = moved(norm)
    np.testing.assert_allclose(adapter.normalised(50 * X), adapter.normalised(X), atol=1e-4)


def test_layer_norm_ignores_a_constant_shift_and_rms_norm_does_not() -> None:
    layer, rms = moved("layer"), moved("rms")
    np.testing.assert_allclose(layer.normalised(X + 3), layer.normalised(X), atol=1e-12)
    assert np.abs(rms.normalised(X + 3) - rms.normalised(X)).max() > 0.1


def test_gain_of_zero_removes_a_channel_for_every_weight() -> None:
    adapter = moved("rms")
    off = replace(adapter, gamma=np.where(np.arange(20) == 3, 0.0, adapter.gamma))
    assert not off.normalised(X)[3].any()
    for consumer in (W, weight(7, 20, seed=5)):
        other = consumer.copy()
        other[:, 3] = 99.0
        assert (off.forward(other, X) == off.forward(consumer, X)).all()


@both
def test_every_token_is_normalised_on_its_own(norm: str) -> None:
    adapter = moved(norm)
    apart = np.hstack([adapter.forward(W, x[:, None]) for x in X.T])
    np.testing.assert_allclose(adapter.forward(W, X), apart, atol=1e-12)


def test_parameters_are_one_or_two_vectors() -> None:
    assert parameters(LNTuning, 12, 4096) == 4096
    assert parameters(LNTuning, 12, 4096, norm="layer") == 2 * 4096

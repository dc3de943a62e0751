"""Consequences of PVeRA's formula."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.methods.pvera import PVeRA
from adapters_np.methods.vera import VeRA
from tests.toy import stepped, tokens, weight

W, X = weight(48, 64), tokens(64)
moved = partial(stepped, PVeRA, W, rank=8, noise=True)


def test_without_noise_it_is_vera() -> None:
    adapter = moved(noise=False)
    vera = VeRA(adapter.lambda_d[:8], adapter.lambda_b, adapter.A[:8], adapter.B)
    np.testing.assert_allclose(adapter.forward(W, X), vera.forward(W, X), atol=1e-12)


def test_the_mean_over_draws_is_what_it_is_without_noise() -> None:
    adapter, rng = moved(), np.random.default_rng(3)
    drawn = [
        replace(adapter, epsilon=sign * e).forward(W, X)
        for e in rng.normal(size=(20, 8))
        for sign in (1, -1)
    ]
    still = replace(adapter, epsilon=np.zeros(8))
    np.testing.assert_allclose(np.mean(drawn, axis=0), still.forward(W, X), atol=1e-12)


def test_the_spread_depends_on_the_token_and_is_one_where_its_half_of_the_gains_is_zero() -> None:
    adapter = moved()
    gains = adapter.lambda_d.copy()
    gains[8:] = 0
    steps = [
        a.forward(W, X) - replace(a, epsilon=np.zeros(8)).forward(W, X)
        for a in (adapter, replace(adapter, lambda_d=gains))
    ]
    assert not np.allclose(steps[0], steps[0][:, :1])
    even = adapter.lambda_b * (adapter.B @ adapter.epsilon)
    np.testing.assert_allclose(steps[1], np.repeat(even[:, None], 6, axis=1), atol=1e-12)

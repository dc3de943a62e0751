"""Consequences of steering's formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import parameters
from adapters_np.linalg import angles_from
from adapters_np.methods.beft import BEFT
from adapters_np.methods.reft import ReFT
from adapters_np.methods.steering import Steering
from demos.probe import probe
from tests.toy import tokens, weight

W, X = weight(48, 32), tokens(32)


def steered(seed: int = 1, **knobs: Any) -> Steering:
    fresh = Steering.init(W, np.random.default_rng([seed, 1]), **knobs)
    return replace(fresh, strength=np.array([0.7]))


def angle(**knobs: Any) -> float:
    """Return the median angle to the true direction, in degrees."""
    found = [steered(seed, **knobs) for seed in range(40)]
    return float(np.median([angles_from(a.truth, a.estimates())[-1] for a in found]))


def test_it_is_a_bias_and_an_edit_that_reads_nothing_of_which_one_number_is_learned() -> None:
    adapter = steered()
    step = 0.7 * adapter.direction()
    np.testing.assert_allclose(BEFT(step).forward(W, X), adapter.forward(W, X), atol=1e-12)
    edit = ReFT(step[None], np.zeros((0, 48)), np.ones(1), False, False, 16, 16)
    np.testing.assert_allclose(edit.forward(W, X), adapter.forward(W, X), atol=1e-12)
    assert parameters(Steering, 48, 32) == 1


def test_the_tangent_of_the_angle_falls_with_the_root_of_the_pairs() -> None:
    few, many = (np.tan(np.radians(angle(pairs=n, noise=1.0))) for n in (4, 64))
    assert few / many == pytest.approx(4, rel=0.2)
    assert np.sqrt(4) * few == pytest.approx(1, rel=0.2)  # the noise of a pair
    assert angle(pairs=1, noise=0.0) < 1e-5


def test_what_a_matched_pair_is_about_cancels_and_adds_noise_to_one_that_is_not() -> None:
    matched, apart = (angle(pairs=16, noise=1.0, matched=m) for m in (True, False))
    assert apart > 2 * matched


def test_erasing_takes_the_direction_out_as_another_weight_does() -> None:
    whole = replace(steered(erase=True), strength=np.ones(1))
    unit = whole.direction() / np.linalg.norm(whole.direction())
    np.testing.assert_allclose(unit @ whole.forward(W, X), np.zeros(6), atol=1e-12)
    merged = (np.eye(48) - np.outer(unit, unit)) @ W
    np.testing.assert_allclose(merged @ X, whole.forward(W, X), atol=1e-12)


def test_of_a_step_along_the_true_direction_it_makes_the_cosine_squared() -> None:
    """The widget's own teacher knows the direction, of which the method has an estimate."""
    answer = probe("steering", {"way": "fitted", "world": "own", "size": "16x16", "noise": 3.0})
    shown = {p["name"]: p["value"] for p in answer["panels"] if p["kind"] == "number"}
    cosine = np.cos(np.radians(shown["estimate_angle"]))
    assert shown["explained"] == pytest.approx(100 * cosine**2)
    assert "One parameter explains" in answer["sentence"]

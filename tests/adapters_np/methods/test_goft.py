"""Claims of GOFT's paper, and where it claims too much."""

import numpy as np
import pytest

from adapters_np.linalg import Array, mix_pairs, plane_rotations
from adapters_np.methods.goft import GOFT, ROUNDS, Form
from tests.toy import stepped, weight

FORMS: tuple[Form, ...] = ("parallel", "sequential")
both_forms = pytest.mark.parametrize("form", FORMS)


def moved(d: int = 64, form: Form = "parallel") -> GOFT:
    return stepped(GOFT, weight(48, d), form=form, step=2.0)


def givens(d: int, i: int, j: int, theta: float) -> Array:
    G = np.eye(d)
    G[i, i] = G[j, j] = np.cos(theta)
    G[i, j], G[j, i] = -np.sin(theta), np.sin(theta)
    return G


def test_parallel_form_is_the_product_of_equations_3_and_4() -> None:
    adapter = moved(8)
    planes = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (4, 6), (0, 4)]
    R = np.eye(8)
    for (i, j), theta in zip(planes, adapter.theta, strict=True):
        R = givens(8, i, j, theta) @ R
    np.testing.assert_allclose(adapter.rotation(), R, atol=1e-12)


def test_sequential_form_is_the_product_of_neighbouring_planes() -> None:
    adapter = moved(8, "sequential")
    R = np.eye(8)
    for k, theta in enumerate(adapter.theta, start=1):
        R = R @ givens(8, k - 1, k, theta)
    np.testing.assert_allclose(adapter.rotation(), R, atol=1e-12)


@both_forms
def test_angles_exist_that_turn_any_vector_to_the_first_axis(form: Form) -> None:
    x = np.random.default_rng(3).normal(size=16)
    theta, y = np.zeros(15), x
    for p, q, pairs in ROUNDS[form](16):
        theta[pairs] = -np.arctan2(y[q], y[p])
        y = mix_pairs(y[None], [(p, q, pairs)], plane_rotations(theta))[0]
    reached = GOFT(theta, form).rotation() @ x
    np.testing.assert_allclose(reached, np.linalg.norm(x) * np.eye(16)[0], atol=1e-12)


@both_forms
def test_no_angles_turn_the_first_axis_to_the_last(form: Form) -> None:
    for angles in np.random.default_rng(3).uniform(-np.pi, np.pi, size=(20, 15)):
        assert GOFT(angles, form).rotation()[-1, 0] == pytest.approx(0, abs=1e-12)

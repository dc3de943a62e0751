"""A weight that a reader has brought: the base of a layer, or a reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from demos import world
from demos.settings import PAGE
from demos.ways import reach
from demos.world import bring, toy


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Array]:
    """A weight of a reader, 40 × 24, that ends with the test."""
    monkeypatch.setattr(world, "_held", {})
    W = np.random.default_rng(3).normal(size=(40, 24))
    bring(W.ravel(), 40)
    yield W
    world._layer.cache_clear()


def test_a_weight_that_is_brought_is_the_base_of_a_layer(own: Array) -> None:
    W = own[:16, :16]
    np.testing.assert_allclose(toy(size="16x16", base="brought").W, 4 * W / np.linalg.norm(W))
    bring(2 * own + 1)
    W = 2 * W + 1
    np.testing.assert_allclose(toy(size="16x16", base="brought").W, 4 * W / np.linalg.norm(W))
    with pytest.raises(KnobError, match=r"^size='32x32' is larger than .* which is 40x24"):
        toy(size="32x32", base="brought")
    *_, found = reach(
        "lora", PAGE | {"size": "16x16", "rank": 2, "world": "few", "base": "brought"}
    )
    assert found.change.world.W is toy(size="16x16", base="brought").W
    with pytest.raises(KnobError, match=r"^world='real' is a change of the small model"):
        next(reach("lora", PAGE | {"world": "real", "base": "brought"}))


@pytest.mark.parametrize(
    ("weight", "says"),
    [
        (np.ones(3), "has two axes"),
        (np.zeros((2, 2)), "not all zero"),
        ([[1.0, np.inf]], "finite entries"),
    ],
)
def test_what_is_no_weight_is_refused(own: Array, weight: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        bring(weight)


def test_without_a_file_there_is_no_weight_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "_held", {})
    with pytest.raises(
        KnobError, match="base='brought' is the weight of a file, and none is chosen: choose one"
    ):
        toy(size="16x16", base="brought")

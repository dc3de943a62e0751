"""The copy of every adapter that computes with JAX: equal values, and true derivatives of them.

One setting of each method and of each of its controls: the defaults where they fit the weight.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from adapters_np.control import controls, without
from adapters_np.core import WeightAdapter, learned, load, perturbed, slugs
from adapters_np.linalg import Array
from scripts.studies.jax_copy import jax_copy
from tests.toy import FAST, tokens, weight

pytestmark = pytest.mark.long

STEP = 1e-6
TIED = {"adalora": "all λ are zero at the start, so any step decides which of them are kept"}
CASES = [
    pytest.param(slug, name, id=f"{slug}-{name}", marks=[pytest.mark.weekly] if name else [])
    for slug in slugs()
    for name in ("", *controls(slug))
]

Parts = dict[str, Array]


def fresh(slug: str, name: str) -> tuple[Any, Array]:
    """Return a fresh adapter and the weight that it fits."""
    for shape in ((32, 16), (16, 16)):
        W, rng = weight(*shape), np.random.default_rng(1)
        try:
            return without(slug, name, load(slug).init(W, rng), W, rng), W
        except ValueError:
            continue
    raise ValueError(f"{slug}: no weight fits its defaults")


@pytest.mark.parametrize(("slug", "name"), CASES)
def test_a_copy_has_the_same_value_and_its_derivative(slug: str, name: str) -> None:
    start, W = fresh(slug, name)
    rng, X = np.random.default_rng(2), tokens(W.shape[1])
    weights = rng.normal(size=start.forward(W, X).shape)

    def run(adapter: Any, parts: Parts, W: Any, X: Any) -> Any:
        adapter = replace(adapter, **parts)
        return adapter.delta(W) if isinstance(start, WeightAdapter) else adapter.forward(W, X)

    def loss(adapter: Any, parts: Parts, W: Any, X: Any) -> Any:
        value = run(adapter, parts, W, X)
        return (value * np.resize(weights, value.shape)).sum(), value

    with jax.enable_x64(True):
        copied = partial(loss, jax_copy(start))
        graded = jax.jit(jax.value_and_grad(copied, has_aux=True), compiler_options=FAST)
        for adapter in (start, perturbed(start, rng, 0.3)):
            parts = learned(adapter)
            (_, value), gradient = graded(parts, W, X)
            np.testing.assert_allclose(value, run(adapter, parts, W, X), rtol=0, atol=1e-10)
            way = {part: rng.normal(size=a.shape) for part, a in parts.items()}
            if adapter is start and slug in TIED:
                assert all(np.isfinite(g).all() for g in gradient.values())
                continue
            ends = [
                loss(adapter, {part: a + step * way[part] for part, a in parts.items()}, W, X)[0]
                for step in (STEP, -STEP)
            ]
            slope = sum(float((gradient[part] * way[part]).sum()) for part in parts)
            wanted = (ends[0] - ends[1]) / (2 * STEP)
            np.testing.assert_allclose(slope, wanted, rtol=1e-5, atol=1e-7)

"""The copy of every adapter that computes with JAX: equal values, and true derivatives of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from adapters_np.core import (
    Adapter,
    WeightAdapter,
    knobs,
    learned,
    load,
    perturbed,
    slugs,
)
from adapters_np.linalg import Array
from scripts.studies.twin import twin
from tests.toy import FAST, tokens, weight

STEP = 1e-6
TIED = {"adalora": "all λ are zero at the start, so any step decides which of them are kept"}

Parts = dict[str, Array]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def settings(slug: str) -> Iterator[dict[str, Any]]:
    """Yield the defaults, then every switch and choice alone; other knobs only change a size."""
    yield {}
    for knob in knobs(load(slug)).values():
        if knob.kind in ("bool", "choice"):
            values = (False, True) if knob.kind == "bool" else knob.options
            yield from ({knob.name: value} for value in values if value != knob.default)
        elif knob.low == 0:  # often a switch too, as COFT's ε is
            yield {knob.name: knob.check(knob.high)}


def fresh(slug: str, chosen: dict[str, Any]) -> tuple[Adapter, Array] | None:
    """Return a fresh adapter and its weight, or None where this weight forbids the setting."""
    W = weight(32, 16)
    try:
        return load(slug).init(W, np.random.default_rng(1), **chosen), W
    except ValueError:
        return None


CASES = [(slug, chosen) for slug in slugs() for chosen in settings(slug)]
NAMES = ["-".join([slug, *(f"{k}={v}" for k, v in chosen.items())]) for slug, chosen in CASES]


@pytest.mark.parametrize(("slug", "chosen"), CASES, ids=NAMES)
def test_a_twin_has_the_same_value_and_its_derivative(slug: str, chosen: dict[str, Any]) -> None:
    made = fresh(slug, chosen)
    if made is None:
        pytest.skip(f"{slug}: {chosen} does not fit a weight of 32 × 16")
    start, W = made
    rng, X, copy = np.random.default_rng(2), tokens(16), twin(start)
    weights = rng.normal(size=start.forward(W, X).shape)

    def run(adapter: Any, parts: Parts, W: Any, X: Any) -> Any:
        adapter = replace(adapter, **parts)
        return adapter.delta(W) if isinstance(start, WeightAdapter) else adapter.forward(W, X)

    def loss(adapter: Any, parts: Parts, W: Any, X: Any) -> Any:
        value = run(adapter, parts, W, X)
        return (value * np.resize(weights, value.shape)).sum(), value

    graded = jax.jit(jax.value_and_grad(partial(loss, copy), has_aux=True), compiler_options=FAST)
    for adapter in (start, perturbed(start, rng, 0.3)):
        parts = learned(adapter)
        (_, value), gradient = graded(parts, W, X)
        np.testing.assert_allclose(value, run(adapter, parts, W, X), rtol=0, atol=1e-10)

        way = {name: rng.normal(size=a.shape) for name, a in parts.items()}
        if adapter is start and slug in TIED:
            assert all(np.isfinite(g).all() for g in gradient.values())
            continue
        ends = [
            loss(adapter, {name: a + step * way[name] for name, a in parts.items()}, W, X)[0]
            for step in (STEP, -STEP)
        ]
        slope = sum(float((gradient[name] * way[name]).sum()) for name in parts)
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-6, atol=1e-7)

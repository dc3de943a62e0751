"""Time of each method at 64×64, on whatever Python runs this file, here or in a browser."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial

from adapters_np.core import WeightAdapter, load
from demos.probe import probe
from demos.world import toy

BATCH = 4.0
"""Milliseconds that are timed at least, since a browser's clock is coarse."""


def timings(methods: Iterable[str], repeat: int = 5) -> dict[str, dict[str, float]]:
    """Return median milliseconds of `init`, of `delta` and of the whole probe, by method.

    What has no delta, as it changes no weight, is timed by its forward pass.
    """
    world = toy()
    found = {}
    for slug in methods:
        cls = load(slug)
        adapter = cls.init(world.W, world.rng("init"))
        calls: dict[str, Callable[[], object]] = {
            "init": partial(cls.init, world.W, world.rng("init")),
            "probe": partial(probe, slug, {}),
        }
        if isinstance(adapter, WeightAdapter):
            calls["delta"] = partial(adapter.delta, world.W)
        else:
            calls["forward"] = partial(adapter.forward, world.W, world.X)
        found[slug] = {name: median(call, repeat) for name, call in calls.items()}
    return found


def median(call: Callable[[], object], repeat: int) -> float:
    """Return the median milliseconds of a call, over batches that the clock can time."""
    once = batch(call, 1)
    count = max(1, round(BATCH / max(once, 1e-3)))
    return round(statistics.median(batch(call, count) for _ in range(repeat)), 3)


def batch(call: Callable[[], object], count: int) -> float:
    """Return the milliseconds of one of many calls."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return 1000 * (time.perf_counter() - start) / count

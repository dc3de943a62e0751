"""Entries to train and compare: methods, their controls, and floors that need no hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import log
from typing import Any, NamedTuple

import numpy as np

from adapters_np.control import controls, without
from adapters_np.core import WeightAdapter, flatten, load, perturbed, restore, slugs
from adapters_np.slopes import jacobian
from scripts.studies import decoder
from scripts.studies.adapting import FULL, Adapted, Method
from scripts.studies.decoder import KINDS
from scripts.studies.experiment import METHODS
from scripts.studies.experiment import plan as plan_of_experiment
from scripts.studies.pretrain import base
from scripts.survey.results import experiment
from scripts.survey.results.controls import AGAIN, BIAS, plan


class Entry(NamedTuple):
    """An entry to train: a setting of the experiment's grid, a control of it, or a floor."""

    method: str
    """The setting's name in the grid, or the floor's."""

    control: str
    trains: Method

    @property
    def name(self) -> str:
        return f"{self.method}: {self.control}" if self.control else self.method


@cache
def takes(slug: str, knobs: tuple[tuple[str, Any], ...]) -> bool:
    W = np.asarray(base()[0]["q"][0], float)
    if slug == "clover" or slug.endswith("_tuning"):
        W = np.tile(W, (4, 1))  # a stack of four
    fresh = load(slug).init(W, np.random.default_rng(0), **dict(knobs))
    try:
        for name in controls(slug):
            without(slug, name, fresh, W, np.random.default_rng(0))
    except ValueError:
        return False
    return bool(controls(slug))


@cache
def settings() -> dict[str, str]:
    """Return the setting at which each method is tested, by its slug.

    It is the one of the experiment's grid that is nearest in size to LoRA of rank 4, among those at
    which every control of the method can be built.
    """
    size = {run.method: run.parameters for run in experiment.read()}
    found: dict[str, str] = {}
    for slug in slugs():
        there = [
            name
            for name, method in METHODS.items()
            if method.slug == slug and not method.arm and method.place == "all"
            and not method.departs and takes(slug, method.knobs)
        ]  # fmt: skip
        if there:
            found[slug] = min(there, key=lambda name: abs(log(size[name] / size["lora 4"])))
    return found


@cache
def entries() -> dict[str, Entry]:
    methods = sorted(
        settings().values(), key=lambda name: (name not in plan_of_experiment().short, name)
    )
    found = [Entry(FULL, "", METHODS[FULL])]
    for name in methods:
        method = METHODS[name]
        if name in plan().knobs:
            knobs = dict(method.knobs) | plan().knobs[name]
            method = replace(method, knobs=tuple(sorted(knobs.items())))
        found.append(Entry(name, "", method))
        for control in controls(method.slug):
            found.append(Entry(name, control, replace(method, arm=control)))
            found.append(Entry(name, control + AGAIN, replace(method, arm=control + AGAIN)))
    return {entry.name: entry for entry in (*found, *floors())}


def floors() -> Iterator[Entry]:
    """Yield what needs no hypothesis: an output bias, and entries at random, as many as gains."""
    yield Entry(BIAS, "", Method(BIAS))
    whole = sum(np.size(base()[0][kind]) for kind in KINDS)
    for count in sorted({count for name in ("ia3", "ln_tuning") for count in sizes(name)}):
        method = Method.of("shira", knobs={"density": count / whole})
        yield Entry(f"entries {count}", "", method)


def sizes(name: str) -> set[int]:
    return {run.parameters for run in experiment.finals(name).values()}


def written() -> Iterator[dict[str, Any]]:
    """Yield who is trained, with what can be said before any run, for pages that have no JAX.

    `reached` is the rank of the derivative at a step away from the start, of the first query
    matrix, 64 × 64: in how many of its 4,096 dimensions the change can move.
    """
    for entry in entries().values():
        if entry.control.endswith(AGAIN):
            continue
        adapted = Adapted(entry.trains, base()[0])
        learned, frozen = adapted.start(plan().seeds[0])
        of = controls(entry.trains.slug)[entry.control] if entry.control else None
        yield {
            "method": entry.method, "control": entry.control, "slug": entry.trains.slug,
            "kind": of.kind if of else "", "claim": of.claim if of else "",
            "parameters": decoder.count(learned), "frozen": decoder.count(frozen),
            "reached": reached(entry.trains),
        }  # fmt: skip


def reached(trains: Method, kind: str = "q") -> int | None:
    """Return how many dimensions of a matrix a change can move in; nothing where it has no ΔW."""
    if trains.slug in (FULL, BIAS) or not issubclass(load(trains.slug), WeightAdapter):
        return None
    W, rng = np.asarray(base()[0][kind][0], float), np.random.default_rng(0)
    fresh = load(trains.slug).init(W, rng, **dict(trains.knobs))
    start = perturbed(without(trains.slug, trains.arm, fresh, W, rng), rng, 0.3)
    assert isinstance(start, WeightAdapter)

    def change(adapter: Any) -> Any:
        return adapter.delta(W).ravel()

    J = jacobian(change, start, flatten(restore(start, flatten(start))), change(start), 1e-6)
    squares = np.linalg.eigvalsh(J @ J.T if len(J) < len(J.T) else J.T @ J)
    return int((squares > 1e-8 * squares.max()).sum())

"""The map of the family: what every method changes, how, where, and how far it reaches.

What is kept and reached is measured on the running module, on a toy layer of 64 × 64
after a random step at its defaults; the dimension that it reaches is that of the study on
predictions of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from adapters_np.core import (
    Adapter,
    AttentionAdapter,
    Place,
    WeightAdapter,
    flatten,
    load,
    restore,
)
from demos.as_lora import as_lora
from demos.change import ROUND_OFF, Change, numerical_rank
from demos.gauges import subspace_overlap
from demos.probe import measure
from demos.settings import start
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey.results.atlas import medians

FILE = "family.html"
READ: dict[Place, str] = {
    "attention": "attention", "keys": "keys and values", "layer": "attention",
    "model": "input of the model",
}  # fmt: skip
"""The changed part of attention, by the place of an adapter."""
WRITTEN: dict[Place, str] = {
    "weight": "output of a weight", "norm": "output of a norm", "layer": "hidden state",
    "model": "outputs of weights",
}  # fmt: skip
"""The changed part elsewhere, by the place of an adapter."""


class Member(NamedTuple):
    """A module in the table: what is declared of it, and what is measured."""

    slug: str
    name: str
    link: str
    theme: str
    changes: str
    keeps: str
    linear: bool
    rank: int
    of: int
    lora: int | None
    """The rank of the LoRA that keeps nine tenths of a change of the weight."""
    inside: float | None
    """The share of a change of the weight in W's strongest quarter of directions, in per cent."""
    touched: float
    """The share of entries that change."""
    identity: bool
    merges: bool
    parameters: int | None
    dimension: int | None
    square: bool
    """Whether both are of a weight of 32 × 32, as the defaults do not fit one of 32 × 24."""


CHANCE = 100 / 16
"""The share of a change, in per cent, that chance puts in W's strongest quarter of directions."""

BETS: dict[str, tuple[str, Callable[[Member], bool]]] = {
    "directions": ("few directions", lambda f: f.lora is not None and 4 * f.rank <= f.of),
    "entries": ("few entries", lambda f: f.lora is not None and 2 * f.touched < 1),
    "own": ("W’s own directions", lambda f: (f.inside or 0) > 2 * CHANCE),
    "fixed": ("places fixed beforehand", lambda f: f.linear),
    "kept": ("what stays", lambda f: bool(f.keeps)),
    "output": ("outputs, and no weight", lambda f: f.lora is None),
}
"""Kinds of bets by a name: in words, and how a module shows that it is one."""


def bets(slugs: Iterable[str]) -> list[str]:
    among = [f for f in members() if f.slug in set(slugs)]
    return [key for key, (_, holds) in BETS.items() if any(map(holds, among))]


def changes(cls: type[Adapter]) -> str:
    if issubclass(cls, WeightAdapter):
        return "weight"
    return (READ if issubclass(cls, AttentionAdapter) else WRITTEN)[cls.place]


def keeps(change: Change) -> str:
    if change.symbol != "W":
        return ""
    if change.drift < ROUND_OFF:
        return "spectrum and angles" if change.keeps_angles else "spectrum"
    if change.keeps_angles:
        return "angles between neurons"
    return "lengths of neurons" if change.stretch < ROUND_OFF else ""


def linear(slug: str, change: Change) -> bool:
    """Return whether half the way of its parameters is half the way of the change."""
    fresh, world = start(slug, {})
    half = restore(fresh, (flatten(fresh) + flatten(change.adapter)) / 2)
    if isinstance(half, WeightAdapter) and isinstance(fresh, WeightAdapter):
        first, middle = fresh.delta(world.W), half.delta(world.W)
        last = change.delta
    else:
        base = fresh.base(world.W, world.X)
        first, middle = (a.forward(world.W, world.X) - base for a in (fresh, half))
        last = change.delta
    gap = np.linalg.norm(middle - (first + last) / 2)
    return bool(gap < ROUND_OFF * np.linalg.norm(last))


def still(slug: str) -> bool:
    return measure(slug, {"step": 0}).size < ROUND_OFF


def reach(slug: str) -> tuple[int | None, int | None, bool]:
    """Return parameters, the dimension reached, and whether they are those on 32 × 32."""
    for square, prediction in enumerate(("X.10", "X.10, square")):
        if counted := medians(prediction).get(slug):
            return int(counted["parameters"]), int(counted["dimension"]), bool(square)
    return None, None, False


@cache
def members() -> tuple[Member, ...]:
    found = []
    for m in catalog().methods.values():
        for slug in m.modules:
            cls, change = load(slug), measure(slug, {})
            weight = issubclass(cls, WeightAdapter)
            lora = int(as_lora(change)["value"]) if weight else None
            inside = subspace_overlap(change)["value"] if weight else None
            found.append(
                Member(
                    slug, names()[slug][0], f"methods/{m.slug}/", m.theme,
                    changes(cls), keeps(change), linear(slug, change),
                    numerical_rank(change), len(change.sigma), lora, inside,
                    float((change.delta != 0).mean()), still(slug),
                    m.deploy.merges, *reach(slug),
                )
            )  # fmt: skip
    order = list(catalog().themes)
    return tuple(sorted(found, key=lambda f: (order.index(f.theme), f.name.lower())))


class Family(Part):
    @macro("table")
    def family_table(self) -> str:
        square = [f.name for f in members() if f.square]
        given = {"themes": catalog().themes, "square": square}
        return self.page.style() + self.page.draw(
            "table", members(), file=FILE, kind="ah lab", given=given
        )

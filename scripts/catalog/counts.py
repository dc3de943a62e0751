"""Shapes of real models, and how many parameters a method trains on them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from adapters_np.core import Adapter, Place, arrays, knobs, load, sizes
from adapters_np.expressions import parse
from scripts.catalog import Catalog
from scripts.catalog.shapes import counter


class Model(NamedTuple):
    """A decoder's shape, from its published configuration; `total` counts all its parameters."""

    name: str
    home: str  # where it is loaded from
    layers: int
    hidden: int
    heads: int  # query heads; each has its own products, with shared keys too
    queries: int  # width of all query heads together
    keys: int  # width of all key heads together
    inner: int
    vocabulary: int
    tied: bool
    total: int
    fused: bool = False  # queries, keys and values are one weight, gate and up another

    @property
    def linear(self) -> int:
        return self.total - (1 if self.tied else 2) * self.vocabulary * self.hidden

    def places(self, place: Place, targets: str) -> list[tuple[int, ...]]:
        """Return (d_out, d_in, how many) of the things that an adapter belongs to."""
        shapes = TARGETS[targets] if place == "weight" else PLACES[place]
        places = [sizes(shape, **self._asdict()) for shape in shapes]
        return [place for place in places if place[-1]]


# Of every place (d_out, d_in, how many), declared over a model's fields as arrays are over knobs.
PLACES: dict[Place, tuple[str, ...]] = {
    "attention": ("4 * queries, hidden, layers",),
    "keys": ("4 * keys, hidden, layers",),
    "norm": ("hidden, hidden, 2 * layers + 1",),  # one before the output
    "layer": ("hidden, hidden, layers",),
    "model": ("hidden, hidden, 1",),
}
SIDES = {
    "q_proj": "queries, hidden", "k_proj": "keys, hidden", "v_proj": "keys, hidden",
    "o_proj": "hidden, queries", "qkv_proj": "queries + 2 * keys, hidden",
    "gate_proj": "inner, hidden", "up_proj": "inner, hidden", "down_proj": "hidden, inner",
    "gate_up_proj": "2 * inner, hidden",
}  # fmt: skip
"""(d_out, d_in) of every weight of a layer, by its name in Llama's architecture and its heirs."""

NAMES = {
    "all linear": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "feed-forward": ("gate_proj", "up_proj", "down_proj"),
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "query and value": ("q_proj", "v_proj"),
}
"""Choices of weights to adapt, the largest first."""

FUSED = {
    "q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj",
    "gate_proj": "gate_up_proj", "up_proj": "gate_up_proj",
}  # fmt: skip
"""The fused weight that a weight is a part of in the architecture of Phi-3."""


def fused(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of weights where some are fused.

    >>> fused(("q_proj", "v_proj", "down_proj"))
    ('qkv_proj', 'down_proj')
    """
    return tuple(dict.fromkeys(FUSED.get(name, name) for name in names))


def _shapes(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return (d_out, d_in, how many) of weights, a layer having either the fused or the others."""
    whole = [name for name in fused(names) if name not in names]
    apart = [name for name in names if name in FUSED]
    rest = [name for name in names if name not in FUSED]
    counts = {
        **dict.fromkeys(apart, "0 if fused else layers"),
        **dict.fromkeys(whole, "layers if fused else 0"),
        **dict.fromkeys(rest, "layers"),
    }
    return tuple(f"{SIDES[name]}, {n}" for name, n in counts.items())


TARGETS = {name: _shapes(names) for name, names in NAMES.items()}
"""The weights that are adapted: what stands for the place "weight"."""


def _models() -> Iterator[Model]:
    """Yield real decoders, from `config.json` on huggingface.co; heads: `num_attention_heads`."""
    with Path(__file__).with_name("decoders.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tied, fused = (row.pop(name) == "yes" for name in ("tied", "fused"))
            name, home, *sizes_, total = row.values()
            yield Model._make((name, home, *map(int, sizes_), tied, int(total), fused))


MODELS = tuple(_models())
MEASURED, START, _ = TABLED = MODELS[:3]
"""The model of PEFT's benchmark, that which a form starts with, and those of the table."""


def count(cls: type[Adapter], model: Model, targets: str = "query and value", **values: Any) -> int:
    chosen = {name: knob.default for name, knob in knobs(cls).items()}
    if cls.place == "attention":
        chosen["heads"] = model.heads  # a fact of the model; the knob's default is the toy's
    chosen |= values
    total = 0
    for field in (f for f in arrays(cls) if f.learned):
        parts = [
            (prod(sizes(field.shape, d_out=d_out, d_in=d_in, **chosen)), n)
            for d_out, d_in, n in model.places(cls.place, targets)
        ]
        total += max(size for size, _ in parts) if field.shared else sum(n * s for s, n in parts)
    return total


def counters(catalog: Catalog) -> dict[str, dict[str, Any]]:
    return {
        module: counter(load(module))
        for m in catalog.methods.values()
        for module in m.modules
        if m.status == "active"
    }


def data(catalog: Catalog) -> dict[str, Any]:
    return {
        "methods": counters(catalog),
        "models": [model._asdict() for model in MODELS],
        "places": {place: list(map(parse, shapes)) for place, shapes in PLACES.items()},
        "targets": {name: list(map(parse, shapes)) for name, shapes in TARGETS.items()},
        "sides": {name: parse(sides) for name, sides in SIDES.items()},
        "fused": FUSED,
    }

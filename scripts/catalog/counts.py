"""Shapes of real models, and how many parameters a method trains on them."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from adapters_np.core import Adapter, Place, arrays, knobs, load, sizes
from adapters_np.expressions import parse
from scripts.catalog import Catalog
from scripts.catalog.shapes import counter


class Model(NamedTuple):
    """A decoder's shape, from its published configuration; `total` counts all its parameters."""

    name: str
    layers: int
    hidden: int
    heads: int  # query heads; each has its own products, with shared keys too
    queries: int  # width of all query heads together
    keys: int  # width of all key heads together
    inner: int
    vocabulary: int
    tied: bool
    total: int

    def places(self, place: Place, targets: str) -> list[tuple[int, ...]]:
        """Return (d_out, d_in, how many) of the things that an adapter belongs to."""
        shapes = TARGETS[targets] if place == "weight" else PLACES[place]
        return [sizes(shape, **self._asdict()) for shape in shapes]


# Of every place (d_out, d_in, how many), declared over a model's fields as arrays are over knobs.
PLACES: dict[Place, tuple[str, ...]] = {
    "attention": ("4 * queries, hidden, layers",),
    "keys": ("4 * keys, hidden, layers",),
    "norm": ("hidden, hidden, 2 * layers + 1",),  # one before the output
    "layer": ("hidden, hidden, layers",),
    "model": ("hidden, hidden, 1",),
}
ATTENTION = "queries, hidden, layers", "keys, hidden, 2 * layers", "hidden, queries, layers"
MLP = "inner, hidden, 2 * layers", "hidden, inner, layers"
TARGETS: dict[str, tuple[str, ...]] = {
    "query and value": ("queries, hidden, layers", "keys, hidden, layers"),
    "attention": ATTENTION,
    "all linear": ATTENTION + MLP,
}
"""The weights that are adapted: what stands for the place "weight"."""

# From `config.json` of meta-llama/Llama-3.2-3B, Llama-3.1-8B and Llama-2-7b-hf on huggingface.co;
# the heads are `num_attention_heads`.
MODELS = (
    Model("Llama-3.2-3B", 28, 3072, 24, 3072, 1024, 8192, 128_256, True, 3_212_749_824),
    Model("Llama-3.1-8B", 32, 4096, 32, 4096, 1024, 14_336, 128_256, False, 8_030_261_248),
    Model("Llama-2-7B", 32, 4096, 32, 4096, 4096, 11_008, 32_000, False, 6_738_415_616),
)


def count(cls: type[Adapter], model: Model, targets: str = "query and value", **values: Any) -> int:
    """Return the parameters that a method trains on a model.

    Args:
        cls: An adapter class.
        model: The model.
        targets: Which weights are adapted; one of `TARGETS`.
        **values: Knobs that differ from their defaults.
    """
    chosen = {name: knob.default for name, knob in knobs(cls).items()}
    if cls.place == "attention":
        chosen["heads"] = model.heads  # a fact of the model; the knob's default is the toy's
    chosen |= values
    total = 0
    for field in (f for f in arrays(cls) if f.learned):
        found = [
            (prod(sizes(field.shape, d_out=d_out, d_in=d_in, **chosen)), n)
            for d_out, d_in, n in model.places(cls.place, targets)
        ]
        total += max(size for size, _ in found) if field.shared else sum(n * s for s, n in found)
    return total


def counters(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return what the calculator needs of every module, by slug."""
    shown = catalog.names()
    return {
        module: {"title": shown[module], **_counter(load(module))}
        for m in catalog.methods.values()
        for module in m.modules
        if m.status == "active"
    }


def _counter(cls: type[Adapter]) -> dict[str, Any]:
    """Return what a page needs to count a method; the model has the number of heads."""
    about = counter(cls)
    if cls.place == "attention":
        heads = {"name": "heads", "kind": "model", "low": 1, "step": 1}
        about["knobs"] = [heads if k["name"] == "heads" else k for k in about["knobs"]]
    return about


def data(catalog: Catalog) -> dict[str, Any]:
    """Return the models, and the shapes of all methods and of the places that they adapt."""
    return {
        "methods": counters(catalog),
        "models": [model._asdict() for model in MODELS],
        "places": {place: list(map(parse, shapes)) for place, shapes in PLACES.items()},
        "targets": {name: list(map(parse, shapes)) for name, shapes in TARGETS.items()},
    }

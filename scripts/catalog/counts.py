"""Shapes of real models, and how many parameters a method trains on them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from adapters_np.core import Adapter, arrays, knobs, load, shape_of
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

    def linear(self, targets: str) -> list[tuple[int, int, int]]:
        """Return (d_out, d_in, how many) of the weights that a choice of targets means."""
        q, k = (self.queries, self.hidden, 1), (self.keys, self.hidden, 1)
        attention = [q, (self.keys, self.hidden, 2), (self.hidden, self.queries, 1)]
        mlp = [(self.inner, self.hidden, 2), (self.hidden, self.inner, 1)]
        chosen = {"query and value": [q, k], "attention": attention, "all linear": attention + mlp}
        return [(d_out, d_in, n * self.layers) for d_out, d_in, n in chosen[targets]]

    def places(self, place: str, targets: str) -> list[tuple[int, int, int]]:
        """Return (d_out, d_in, how many) of the things that an adapter belongs to."""
        return {
            "weight": self.linear(targets),
            "attention": [(4 * self.queries, self.hidden, self.layers)],
            "keys": [(4 * self.keys, self.hidden, self.layers)],
            "norm": [(self.hidden, self.hidden, 2 * self.layers + 1)],  # one before the output
            "layer": [(self.hidden, self.hidden, self.layers)],
            "model": [(self.hidden, self.hidden, 1)],
        }[place]


TARGETS = ("query and value", "attention", "all linear")

# From `config.json` of meta-llama/Llama-3.2-3B, Llama-3.1-8B and Llama-2-7b-hf on huggingface.co;
# the heads are `num_attention_heads`.
MODELS = (
    Model("Llama-3.2-3B", 28, 3072, 24, 3072, 1024, 8192, 128_256, True, 3_212_749_824),
    Model("Llama-3.1-8B", 32, 4096, 32, 4096, 1024, 14_336, 128_256, False, 8_030_261_248),
    Model("Llama-2-7B", 32, 4096, 32, 4096, 4096, 11_008, 32_000, False, 6_738_415_616),
)


def count(cls: type[Adapter], model: Model, targets: str = TARGETS[0], **values: Any) -> int:
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
        sizes = []
        for d_out, d_in, n in model.places(cls.place, targets):
            size = 1
            for axis in shape_of(field, d_out, d_in, **chosen):
                size *= axis
            sizes.append(size if field.shared else n * size)
        total += max(sizes) if field.shared else sum(sizes)
    return total


def counters(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return what the calculator needs of every module, by slug."""
    return {
        module: {"title": m.title if module == m.modules[0] else module, **_counter(load(module))}
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


def calculator_json(catalog: Catalog) -> str:
    """Return the data of the calculator."""
    models = [model._asdict() for model in MODELS]
    return json.dumps({"methods": counters(catalog), "models": models}, separators=(",", ":"))

"""Adapters: frozen records of arrays that change what a frozen layer computes.

A method is one final class in `adapters_np/methods/<slug>.py`. It declares its arrays as fields,

    A: Annotated[Array, Learned("rank, d_in")]

its knobs as the keyword arguments of `init`, and its mathematics in `delta` (where the adapter
amounts to another weight) or in `forward`. Everything else is derived here from these declarations:
the sliders, the table of arrays, the parameter count and the step that stands in for training.

Columns are tokens: `W` is (d_out, d_in), `X` is (d_in, n), the layer is `W @ X`, a neuron is a row
of `W`.
"""

from __future__ import annotations

import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, wraps
from importlib import import_module
from math import prod
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    get_args,
    get_type_hints,
)

import numpy as np

from adapters_np import expressions, layers
from adapters_np.errors import KnobError
from adapters_np.knobs import Absorbed as Absorbed
from adapters_np.knobs import Departs as Departs
from adapters_np.knobs import Knob, signature_knobs
from adapters_np.knobs import Range as Range
from adapters_np.linalg import Array


class Learned(NamedTuple):
    """A trained array.

    `shape` is a tuple of expressions over `d_out`, `d_in` and the knobs, such as `"rank, d_in"`.
    A knob may make an axis zero, as in `"d_out if output_scale else 0"`: the array is then empty,
    which means not learned, and `init` says what takes its place. `unit` is how far a step of size
    1 moves an entry (one standard deviation). `shared`: one array serves all adapted layers of a
    model.
    """

    shape: str
    unit: float = 1.0
    shared: bool = False


class Frozen(NamedTuple):
    """An array that is set at the start and never trained; `shape` as in `Learned`."""

    shape: str


Place = Literal["weight", "attention", "keys", "norm", "layer", "model"]
"""A weight matrix, the attention of a layer, its keys and values (narrower than the queries where
these share them), a norm, the hidden state of a layer, or the model.
"""

Rank = Annotated[int, Range(1, 16, letter="r")]
Alpha = Annotated[float, Range(1, 64, letter="α"), Absorbed]
"""The numerator of a scale of trained arrays."""


def _checked(init: Callable[..., Any]) -> Callable[..., Any]:
    """Return an `init` that says what is wrong with a weight or a number before it computes."""

    @cache
    def least() -> dict[str, float]:
        own = signature_knobs(init).values()
        return {knob.name: min(knob.low, 1) for knob in own if knob.kind == "int"}

    @wraps(init)
    def checked(cls: type[Adapter], W: Array, rng: np.random.Generator, **knobs: Any) -> Any:
        if len(np.shape(W)) != 2:
            raise ValueError(f"W has the shape {np.shape(W)}, and a weight is (d_out, d_in)")
        for name, low in least().items() if knobs else ():
            if name in knobs and knobs[name] < low:
                raise KnobError(name, knobs[name], f"is not a whole number from {low:g} up")
        return init(cls, W, rng, **knobs)

    return checked


@dataclass(frozen=True, eq=False)
class Adapter(ABC):
    """A value that holds everything that changes what a frozen layer computes."""

    starts_at_identity: ClassVar[bool] = True
    """True if a fresh adapter leaves the layer's output unchanged."""

    place: ClassVar[Place] = "weight"
    """The part of a model that has one adapter: a model has as many of them."""

    gauges: ClassVar[tuple[str, ...]] = ("rank", "stable_rank", "relative_norm", "parameters")
    """The numbers that tell this method's story, by their names in `demos/gauges.py`."""

    pictures: ClassVar[tuple[str, ...]] = ("layers",)
    """Pictures of this method's hypothesis, by names in `demos/pictures.py`. The first is large."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if isinstance(own := cls.__dict__.get("init"), classmethod):
            setattr(cls, "init", classmethod(_checked(own.__func__)))  # noqa: B010

    @classmethod
    @abstractmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Return a fresh adapter for the weight `W`; subclasses add their knobs as keywords."""

    @abstractmethod
    def forward(self, W: Array, X: Array) -> Array:
        """Return the adapted layer's output for the token columns `X`, (d_in, n)."""

    def base(self, W: Array, X: Array) -> Array:
        """Return the frozen layer's output: what `forward` is compared with."""
        return W @ X

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return what `forward` does, by the cheaper route of training, where a method has one."""
        return self.forward(W, X)


@dataclass(frozen=True, eq=False)
class WeightAdapter(Adapter):
    """An adapter that amounts to another weight: W' = W + delta(W)."""

    @abstractmethod
    def delta(self, W: Array) -> Array:
        """Return the change to `W`, of the same shape."""

    def forward(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return (W + self.delta(W)) @ X


@dataclass(frozen=True, eq=False)
class AttentionAdapter(Adapter):
    """An adapter inside attention; `W` stacks W_Q, W_K, W_V, W_Oᵀ (see `layers.attention`).

    A method for several heads declares their number as its field `heads`.
    """

    heads = 1

    def base(self, W: Array, X: Array) -> Array:
        """Return the frozen heads' output, (d_in, n)."""
        return layers.attention(W, X, self.heads)


AnyAdapter = TypeVar("AnyAdapter", bound=Adapter)


class Field(NamedTuple):
    """One declared array of an adapter class."""

    name: str
    shape: str
    learned: bool
    unit: float
    shared: bool = False


@cache
def arrays(cls: type[Adapter]) -> tuple[Field, ...]:
    """Return the declared arrays of an adapter class, in the order of its fields.

    Raises:
        ValueError: when a shape is no expression; the error names it.
    """
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        for mark in get_args(hints[field.name])[1:]:
            if isinstance(mark, Learned):
                found.append(Field(field.name, mark.shape, True, mark.unit, mark.shared))
            elif isinstance(mark, Frozen):
                found.append(Field(field.name, mark.shape, False, 0.0))
    for array in found:
        expressions.parse(array.shape)  # stops at a wrong one; a first answer then parses nothing
    return tuple(found)


@cache
def knobs(cls: type[Adapter]) -> Mapping[str, Knob]:
    """Return the knobs of an adapter class: the keyword arguments of its `init`."""
    return MappingProxyType(signature_knobs(cls.init))


def departs(cls: type[Adapter], values: Mapping[str, Any]) -> bool:
    """Return whether values of knobs drop or reverse the hypothesis of an adapter class."""
    return any(values.get(knob.name) in knob.departs for knob in knobs(cls).values())


def sizes(shape: str, **names: Any) -> tuple[int, ...]:
    """Return a declared shape in numbers, given the values of all names in it.

    Examples:
        >>> sizes("rank, ceil(d_in / 3)", rank=4, d_in=32)
        (4, 11)

    Raises:
        ValueError: when an axis is no expression, or names what has no value.
    """
    return tuple(map(int, expressions.values(shape, names)))


def parameters(cls: type[Adapter], d_out: int, d_in: int, **values: Any) -> int:
    """Return the number of trained parameters for one layer, from the declared shapes alone.

    Args:
        cls: An adapter class.
        d_out: Rows of the weight.
        d_in: Columns of the weight.
        **values: Knobs that differ from their defaults.
    """
    chosen = {name: knob.default for name, knob in knobs(cls).items()} | values
    return sum(
        prod(sizes(f.shape, d_out=d_out, d_in=d_in, **chosen)) for f in arrays(cls) if f.learned
    )


def learned(adapter: Adapter) -> dict[str, Array]:
    """Return the trained arrays of an adapter by name."""
    return {f.name: getattr(adapter, f.name) for f in arrays(type(adapter)) if f.learned}


def flatten(adapter: Adapter) -> Array:
    """Return all trained parameters of an adapter as one vector."""
    return np.concatenate([a.ravel() for a in learned(adapter).values()])


def restore(adapter: AnyAdapter, vector: Array) -> AnyAdapter:
    """Return the adapter with its trained parameters replaced: the inverse of `flatten`.

    Raises:
        ValueError: when the vector's length is not the number of trained parameters.
    """
    parts = learned(adapter)
    sizes = [a.size for a in parts.values()]
    if vector.shape != (sum(sizes),):
        raise ValueError(f"vector has shape {vector.shape}, the adapter needs ({sum(sizes)},)")
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    return replace(
        adapter,
        **{name: p.reshape(a.shape) for (name, a), p in zip(parts.items(), pieces, strict=True)},
    )


def perturbed(adapter: AnyAdapter, rng: np.random.Generator, step: float) -> AnyAdapter:
    """Return the adapter after a random step of its arrays, which stands in for training."""
    units = {f.name: f.unit for f in arrays(type(adapter)) if f.learned}
    moved = {
        name: a + step * units[name] * rng.normal(size=a.shape)
        for name, a in learned(adapter).items()
    }
    return replace(adapter, **moved)


def slugs() -> Iterator[str]:
    """Yield the names of all method modules, sorted."""
    package = import_module("adapters_np.methods")
    return iter(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


@cache
def load(slug: str) -> type[Adapter]:
    """Return the adapter class that a method's module defines.

    Ours define one each; of several in a reader's version the first is taken.

    Raises:
        ValueError: when there is no such method.
    """
    if slug not in slugs():
        raise KnobError("method", slug, f"is not one of {', '.join(slugs())}")
    module = import_module(f"adapters_np.methods.{slug}")
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, Adapter)
            and value.__module__ == module.__name__
        ):
            return value
    raise ValueError(f"adapters_np/methods/{slug}.py defines no Adapter class")

"""Trained parameters of each method in the small decoder, and the weights that they make.

Adapters start in numpy, as on their pages, one for each matrix; under JAX one `delta` serves all
matrices of a shape. What is no change of a weight acts through the hooks of the decoder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.control import controls
from adapters_np.core import Adapter, arrays, departs, load
from adapters_np.linalg import Array
from scripts.studies.decoder import CONTEXT, HEADS, KINDS, LAYERS, NORMS, SQUARE, Hooks, Weights
from scripts.studies.jax_copy import jax_copy
from scripts.studies.recipes import RECIPES, USUAL
from scripts.studies.tokens import VOCABULARY
from scripts.survey.results.controls import AGAIN, BIAS

PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "attention": {"square": SQUARE},
    "inner": {"up": ("up",), "down": ("down",)},
    "all": {"square": SQUARE, "up": ("up",), "down": ("down",)},
}
FULL = "full"
WHOLE = "whole derivative"


@dataclass(frozen=True)
class Method:
    slug: str
    knobs: tuple[tuple[str, Any], ...] = ()
    place: str = "all"
    arm: str = ""
    """The difference from the same method elsewhere: a control's name, or one of the above."""

    @property
    def departs(self) -> bool:
        """Return whether its knobs drop or reverse the method's hypothesis."""
        return self.slug != FULL and departs(load(self.slug), dict(self.knobs))

    @classmethod
    def of(
        cls, slug: str, place: str = "all", arm: str = "", knobs: Mapping[str, Any] | None = None
    ) -> Self:
        """Return a method at these knobs, in whatever order they are."""
        return cls(slug, tuple(sorted((knobs or {}).items())), place, arm)


@dataclass(frozen=True)
class Settings:
    """Settings of every run; equal settings give equal results."""

    method: Method
    task: str
    rate: float
    seed: int
    phase: str = "sweep"
    protocol: ClassVar[tuple[Any, ...]] = ()
    """Of whom, and a number that goes up when the same settings would give another result."""

    @property
    def key(self) -> str:
        return named(*self.protocol, asdict(self))


def named(*settings: Any) -> str:
    """Return the name of a run among all: equal settings have equal ones.

    >>> named(1, {"b": 2, "a": 1}) == named(1, {"a": 1, "b": 2}), len(named())
    (True, 16)
    """
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Parts(NamedTuple):
    """Trained and frozen arrays, by group and name; those of one shape are stacked."""

    learned: dict[str, dict[str, Any]]
    frozen: dict[str, dict[str, Any]]


Make = Callable[[int, str, int], Adapter]


class Adapted:
    """A method in a base model: how it starts, and what its arrays make of the model.

    Where methods act is as in the small decoder; another model says it in a subclass.
    """

    places = PLACES
    kinds: tuple[str, ...] = KINDS
    layers = LAYERS
    tuned: tuple[str, ...] = KINDS
    """The matrices that full fine-tuning trains."""

    def __init__(self, method: Method, base: dict[str, Array]) -> None:
        """Start once, for what does not depend on the seed.

        Raises:
            ValueError: when a knob does not fit, or the place is unknown.
        """
        if method.place not in self.places:
            raise ValueError(f"place={method.place!r} is not one of {', '.join(self.places)}")
        self.method, self.base = method, base
        self.recipe = RECIPES.get(method.arm, USUAL)
        self.copies: dict[str, Any] = {}
        self.start(0)

    def start(self, seed: int) -> Parts:
        if self.method.slug == FULL:
            zeros = {name: jnp.zeros_like(self.base[name]) for name in self.tuned}
            return Parts({"full": zeros}, {})
        if self.method.slug == BIAS:
            return Parts({"model": {"bias": jnp.zeros(VOCABULARY)}}, {})
        learned: dict[str, dict[str, Any]] = {}
        frozen: dict[str, dict[str, Any]] = {}
        for group, adapters in self._adapters(seed).items():
            self.copies[group] = same_but_for_arrays(adapters)
            for field in arrays(type(adapters[0])):
                parts = [getattr(a, field.name) for a in adapters]
                trained = field.learned and field.name not in self.recipe.frozen
                home = learned if trained else frozen
                if field.shared:
                    home.setdefault("shared", {})[field.name] = single(parts[0])
                else:
                    home.setdefault(group, {})[field.name] = single(np.stack(parts))
        return Parts(learned, frozen)

    def _adapters(self, seed: int) -> dict[str, list[Adapter]]:
        cls, knobs = load(self.method.slug), dict(self.method.knobs)
        base = {name: a.astype(float) for name, a in self.base.items()}
        arm = self.method.arm
        control = controls(self.method.slug).get(arm.removesuffix(AGAIN))

        def make(W: Array, *place: int) -> Any:
            rng = np.random.default_rng([seed, *place])
            adapter: Any = cls.init(W, rng, **knobs)
            if control is None:
                return adapter
            return control(adapter, W, rng.spawn(1)[0] if arm.endswith(AGAIN) else rng)

        layers = range(self.layers)
        match self.method.slug:
            case "ln_tuning":
                return self._norms(make, base)
            case "prompt_tuning":
                return {"model": [make(stacked(base, 0), 0)]}
            case "clover" | "prefix_tuning":
                return {"layers": [make(stacked(base, i), i) for i in layers]}
            case "reft" | "bottleneck":
                return {"layers": [make(base["down"][i], i) for i in layers]}
        return {
            group: [
                make(base[kind][i], self.kinds.index(kind), i) for kind in kinds for i in layers
            ]
            for group, kinds in self.places[self.method.place].items()
        }  # fmt: skip

    def _norms(self, make: Callable[..., Any], base: dict[str, Array]) -> dict[str, list[Adapter]]:
        gains = {name: np.atleast_2d(base[name]) for name in NORMS}
        return {
            name: [replace(make(np.eye(len(g))), gamma=g, gamma_0=g) for g in rows]
            for name, rows in gains.items()
        }

    def apply(self, p: Weights, learned: Any, frozen: Any) -> tuple[Weights, Hooks]:
        """Return the weights of the adapted model and its hooks; JAX traces this."""
        if self.method.slug == FULL:
            return p | {name: p[name] + change for name, change in learned["full"].items()}, Hooks()
        if self.method.slug == BIAS:
            return p, Hooks(bias=learned["model"]["bias"])
        shared = learned.get("shared", {}) | frozen.get("shared", {})
        parts = {
            group: learned.get(group, {}) | frozen.get(group, {}) for group in self.copies
        }  # fmt: skip

        def one(group: str, own: dict[str, Any]) -> Any:
            return replace(self.copies[group], **own, **shared)

        def at(i: int) -> dict[str, Any]:
            return {name: a[i] for name, a in parts["layers"].items()}

        match self.method.slug:
            case "ln_tuning":
                gains = {
                    name: jax.vmap(lambda own, name=name: one(name, own).gain())(parts[name])
                    for name in NORMS
                }
                return p | gains | {"last_norm": gains["last_norm"][0]}, Hooks()
            case "prompt_tuning":
                return p, self._prompt(parts["model"], one)
            case "prefix_tuning":
                return p, self._prefix(at, one)
            case "reft":
                return p, Hooks(edit=lambda i, H: one("layers", at(i)).edit(H))
            case "bottleneck":
                return p, Hooks(edit=lambda i, H: H + one("layers", at(i)).up(H))
            case "clover":
                merged = jax.vmap(lambda own: one("layers", own).merged())(parts["layers"])
                q, k, v, o = jnp.split(merged, 4, axis=1)
                return p | {"q": q, "k": k, "v": v, "o": jnp.swapaxes(o, 1, 2)}, Hooks()
        return self._by_place(p, parts, one), Hooks()

    def _prompt(self, part: dict[str, Any], one: Callable[[str, dict[str, Any]], Any]) -> Hooks:
        if self.method.arm:
            return Hooks(constants=one("model", {"P": part["P"][0]}).shifts(CONTEXT).T)
        return Hooks(prompt=part["P"][0].T)

    def _prefix(
        self, at: Callable[[int], dict[str, Any]], one: Callable[[str, dict[str, Any]], Any]
    ) -> Hooks:
        def by_head(columns: Any) -> Any:  # (d, m), a head's channels together
            return columns.reshape(HEADS, -1, columns.shape[1]).swapaxes(1, 2)

        def shift(i: int) -> tuple[Any, Any]:
            queries, read = one("layers", at(i)).shifts(CONTEXT)
            return by_head(queries), by_head(read)

        def prefix(i: int) -> tuple[Any, Any]:
            return by_head(at(i)["P_K"]), by_head(at(i)["P_V"])

        return Hooks(shift=shift) if self.method.arm else Hooks(prefix=prefix)

    def _by_place(
        self, p: Weights, parts: dict[str, Any], one: Callable[[str, dict[str, Any]], Any]
    ) -> Weights:
        found = dict(p)
        for group, kinds in self.places[self.method.place].items():
            W = jnp.concatenate([p[kind] for kind in kinds])
            changes = jax.vmap(lambda W, own, group=group: one(group, own).delta(W))(
                W, parts[group]
            )
            found |= zip(kinds, jnp.split(W + changes, len(kinds)), strict=True)
        return found


def single(a: Array) -> Any:
    """Return an array for JAX, floats in single precision."""
    return jnp.asarray(a, jnp.float32 if a.dtype.kind == "f" else jnp.int32)


def same_but_for_arrays(adapters: Sequence[Adapter]) -> Any:
    """Return what adapters of one shape have in common, ready for JAX.

    Raises:
        ValueError: when they differ in more than their arrays.
    """
    first = adapters[0]
    declared = {f.name for f in arrays(type(first))}
    for name in {f.name for f in fields(first)} - declared:
        values = {repr(getattr(a, name)) for a in adapters}
        if len(values) > 1:
            raise ValueError(f"{type(first).__name__}.{name} differs between matrices: {values}")
    return jax_copy(first)


def stacked(base: dict[str, Array], i: int) -> Array:
    """Return the attention weights of a layer as the site stacks them, (4 d, d)."""
    return np.concatenate([base["q"][i], base["k"][i], base["v"][i], base["o"][i].T])

"""One run of the study on a real English model: a pure function of its settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from adapters_np.core import Adapter
from adapters_np.linalg import Array
from scripts.bootstrap import ROOT
from scripts.studies import adam, decoder, encoder, english_tasks
from scripts.studies.adapting import FULL, Adapted, Method, Parts, Settings
from scripts.studies.encoder import EACH, KINDS, LAYERS, NORMS, Weights
from scripts.studies.english_tasks import OTHER, Labels, Part
from scripts.studies.jax_copy import held_norms
from scripts.survey.results.english import HEAD

FOLDER = ROOT / ".study" / "english"
HEAD_RATE = 1e-3
CLASSES = 41
"""Rows of every head, so that both tasks share compiled code; a class that a task lacks is never
drawn."""

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
JUDGED = 50  # sentences at a time


@dataclass(frozen=True)
class Run(Settings):
    steps: int = 150
    batch: int = 16
    protocol = ("english", 1)


# The model ----------------------------------------------------------------------------------------


PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "all": {"square": KINDS[:4], "up": ("up",), "down": ("down",)},
}


class AdaptedEncoder(Adapted):
    """A method in the encoder; all methods act on its 36 matrices, LN tuning on its norms."""

    places = PLACES
    kinds, layers, tuned = KINDS, LAYERS, EACH

    def start(self, seed: int) -> Parts:
        return Parts({}, {}) if self.method.slug == HEAD else super().start(seed)

    def _norms(self, make: Callable[..., Any], base: dict[str, Array]) -> dict[str, list[Adapter]]:
        found: dict[str, list[Adapter]] = {}
        for name in ("norm0", *NORMS):
            gains, shifts = np.atleast_2d(base[name]), np.atleast_2d(base[f"{name}_b"])
            found[name] = [
                replace(make(np.eye(len(g))), gamma=g, gamma_0=g, beta=b, beta_0=b)
                for g, b in zip(gains, shifts, strict=True)
            ]
        return found

    def apply(self, p: Weights, learned: Any, frozen: Any) -> tuple[Weights, decoder.Hooks]:
        """Return the weights of the adapted model; JAX traces this."""
        if self.method.slug == HEAD:
            return p, decoder.Hooks()
        if self.method.slug != "ln_tuning":
            return super().apply(p, learned, frozen)
        found = dict(p)
        for name in ("norm0", *NORMS):
            for array, to in (("gamma", name), ("beta", f"{name}_b")):
                found[to] = learned[name][array].reshape(p[to].shape)
        return found, decoder.Hooks()


@cache
def model() -> Weights:
    update: Any = jax.config.update
    update("jax_compilation_cache_dir", str(FOLDER / "compiled"))
    update("jax_persistent_cache_min_compile_time_secs", 1.0)
    return {name: jnp.asarray(a) for name, a in encoder.published().items()}


Head = dict[str, Any]
Change = dict[str, Array]
"""ΔW by kind of matrix, each (layers, d_out, d_in)."""


def scores(p: Weights, head: Head, ids: Any, real: Any) -> Any:
    return encoder.sentences(p, ids, real) @ head["W"].T + head["b"]


def surprise(found: Any, labels: Any) -> Any:
    """Return the surprise at each label in nats, (batch,)."""
    return -jnp.take_along_axis(jax.nn.log_softmax(found), labels[:, None], 1)[:, 0]


# The probe ----------------------------------------------------------------------------------------


class Base(NamedTuple):
    """The frozen model's view of a task: features by part, and the probe on them."""

    features: dict[str, Array]
    head: Head
    penalty: float


def fitted(features: Array, labels: Labels, classes: int, penalty: float) -> Head:
    """Return a logistic regression with a penalty on its squared weights, of scaled features."""
    scale = features.std()
    X = np.hstack([features / scale, np.ones((len(features), 1))]).astype(float)
    where = np.arange(len(labels)), labels

    def cost(w: Array) -> tuple[float, Array]:
        w = w.reshape(classes, -1)
        z = X @ w.T
        z -= z.max(1, keepdims=True)
        q = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        value = -np.log(q[where] + 1e-30).mean() + penalty * (w[:, :-1] ** 2).sum()
        q[where] -= 1
        slope = q.T @ X / len(labels)
        slope[:, :-1] += 2 * penalty * w[:, :-1]
        return float(value), slope.ravel()

    options = {"maxiter": 300}
    end = minimize(
        cost, np.zeros(classes * X.shape[1]), jac=True, method="L-BFGS-B", options=options
    )
    w = end.x.reshape(classes, -1)
    head = {"W": np.zeros((CLASSES, X.shape[1] - 1)), "b": np.full(CLASSES, -1e9)}
    head["W"][:classes], head["b"][:classes] = w[:, :-1] / scale, w[:, -1]
    return {name: a.astype(np.float32) for name, a in head.items()}


def judged(features: Array, head: Head, part: Part) -> dict[str, float]:
    """Return the mean surprise in nats, and the share of classes that are named rightly."""
    found = features @ np.asarray(head["W"]).T + np.asarray(head["b"])
    right = found.argmax(1) == part.labels
    return {
        "loss": float(surprise(jnp.asarray(found), jnp.asarray(part.labels)).mean()),
        "accuracy": float(right.mean()),
    }


@jax.jit
def read(p: Weights, ids: Any, real: Any) -> Any:
    return encoder.sentences(p, ids, real)


def features(part: Part, compute: Any) -> Array:
    lengths = [len(ids) for ids in part.tokens]
    found, in_order = list[Array](), np.argsort(lengths, kind="stable")
    for i in range(0, len(in_order), JUDGED):
        some = [part.tokens[j] for j in in_order[i : i + JUDGED]]
        full = some + [some[-1]] * (JUDGED - len(some))  # one shape, compiled once
        found.append(np.asarray(compute(*english_tasks.filled(full)))[: len(some)])
    return np.asarray(np.concatenate(found)[np.argsort(in_order)])


@cache
def base(task: str) -> Base:
    """Return features and probe of the frozen model; validation chooses the probe's penalty."""
    about = english_tasks.task(task)
    found = {
        name: features(part, lambda *x: read(model(), *x)) for name, part in about.parts.items()
    }
    train, validation = about.parts["train"], about.parts["validation"]
    heads = {p: fitted(found["train"], train.labels, about.classes, p) for p in PENALTIES}
    loss = {p: judged(found["validation"], head, validation)["loss"] for p, head in heads.items()}
    best = min(loss, key=lambda p: loss[p])
    return Base(found, heads[best], best)


@cache
def untrained(task: str) -> dict[str, float]:
    made, parts = base(task), english_tasks.task(task).parts
    return {
        f"{part}_{name}": value
        for part in ("validation", "test")
        for name, value in judged(made.features[part], made.head, parts[part]).items()
    }


# A run --------------------------------------------------------------------------------------------


@lru_cache(4)
def prepared(method: Method, steps: int) -> Any:
    adapted = AdaptedEncoder(
        method, {k: np.asarray(model()[k]) for k in (*EACH, "norm0", "norm0_b")}
    )

    def loss(trained: Any, frozen: Any, p: Any, ids: Any, real: Any, labels: Any) -> Any:
        weights, _ = adapted.apply(p, trained["body"], frozen)
        return surprise(scores(weights, trained["head"], ids, real), labels).mean()

    @jax.jit
    def step(state: Any, frozen: Any, p: Any, rate: Any, ids: Any, real: Any, labels: Any) -> Any:
        trained, moments = state
        value, gradient = jax.value_and_grad(loss)(trained, frozen, p, ids, real, labels)
        moments, way = adam.step(moments, adam.clipped(gradient))
        t = moments.steps
        now = jnp.minimum(t / (0.1 * steps), (steps - t + 1) / (0.9 * steps))
        moved = {
            part: jax.tree.map(lambda a, w, r=r: a - now * r * w, trained[part], way[part])
            for part, r in (("body", rate), ("head", HEAD_RATE))
        }
        return (moved, moments), value

    @jax.jit
    def compute(body: Any, frozen: Any, p: Any, ids: Any, real: Any) -> Any:
        return encoder.sentences(adapted.apply(p, body, frozen)[0], ids, real)

    return adapted, step, compute


class Trained(NamedTuple):
    adapted: AdaptedEncoder
    learned: Any
    frozen: Any
    head: Head
    compute: Any


def trained(settings: Run) -> Trained:
    adapted, step, compute = prepared(settings.method, settings.steps)
    body, frozen = adapted.start(settings.seed)
    start = {"body": body, "head": {k: jnp.asarray(a) for k, a in base(settings.task).head.items()}}
    state = (start, adam.begin(start))
    part = english_tasks.task(settings.task).parts["train"]
    lengths = [len(ids) for ids in part.tokens]
    for some in english_tasks.order(lengths, settings.steps, settings.batch, settings.seed):
        ids, real = english_tasks.filled([part.tokens[j] for j in some])
        state, _ = step(state, frozen, model(), settings.rate, ids, real, part.labels[some])
    learned = state[0]

    def read_by(ids: Any, real: Any) -> Any:
        return compute(learned["body"], frozen, model(), ids, real)

    return Trained(adapted, learned["body"], frozen, learned["head"], read_by)


class End(NamedTuple):
    change: Change
    head: Head


def stored(settings: Run, folder: Path = FOLDER) -> Path:
    """Return where the end of a run of full fine-tuning lies, which is too large to commit."""
    return folder / f"end-{settings.key}.npz"


def end(settings: Run, made: Trained | None = None) -> End:
    """Return what a run of full fine-tuning ends with, made again if it is not stored."""
    path = stored(settings)
    if not path.exists():
        made = made or trained(settings)
        weights, _ = made.adapted.apply(model(), made.learned, made.frozen)
        change = {kind: np.asarray(weights[kind] - model()[kind]) for kind in KINDS}
        head = {f"head_{name}": np.asarray(a) for name, a in made.head.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **change, **head)
    with np.load(path) as file:
        change = {kind: file[kind].astype(float) for kind in KINDS}
        return End(change, {name: file[f"head_{name}"] for name in "Wb"})


def run(settings: Run) -> dict[str, Any]:
    """Train, and return what came out; `seconds` are those of this process."""
    base(settings.task)  # made once for all runs: not part of this one's time
    began = time.process_time()
    with held_norms():
        made = trained(settings)
        if settings.method.slug == FULL and settings.phase == "final":
            end(settings, made)
        found = outcome(settings, made)
    start = untrained(settings.task)
    worse = found["validation_loss"] - start["validation_loss"]
    return {
        "parameters": decoder.count(made.learned),
        **found,
        **{f"start_{name}": value for name, value in start.items()},
        "status": "done" if math.isfinite(worse) and worse < 0 else "diverged",
        "seconds": round(time.process_time() - began, 1),
    }


def outcome(settings: Run, made: Trained) -> dict[str, Any]:
    """Return loss and accuracy on validation and, in a run that counts, on the test."""
    found: dict[str, Any] = dict.fromkeys(("test_loss", "test_accuracy"))
    for name in ("validation", "test") if settings.phase == "final" else ("validation",):
        part = english_tasks.task(settings.task).parts[name]
        of = judged(features(part, made.compute), made.head, part)
        found |= {f"{name}_{what}": value for what, value in of.items()}
    other = OTHER[settings.task]
    part = english_tasks.task(other).parts["validation"]
    now = judged(features(part, made.compute), base(other).head, part)
    return found | {"forgetting": now["loss"] - untrained(other)["validation_loss"]}

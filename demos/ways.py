"""Ways to make a change: an adapter fitted to a target, or trained towards it for some steps.

The third way is a random step (`demos.probe`). Method names do not occur here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from adapters_np import budget
from adapters_np.core import (
    Adapter,
    WeightAdapter,
    flatten,
    knobs,
    learned,
    load,
    perturbed,
    restore,
)
from adapters_np.errors import KnobError
from adapters_np.fit import Aims, Progress, fit, goal, paced
from adapters_np.linalg import Array
from adapters_np.slopes import Slopes
from demos import worlds
from demos.as_lora import as_lora
from demos.change import Change, numerical_rank
from demos.gauges import GAUGES
from demos.instrument import cosines, spectra, weights
from demos.panels import Answer, Panel, number, series, view
from demos.pictures import PICTURES, Reached
from demos.protocols import Estimates, Relaxes
from demos.settings import AIM, HYPOTHESIS, KEPT, start, taken_out
from demos.world import TRAINED, World

LARGEST = 32
"""The largest side of a layer that is fitted: more takes a browser too long."""

LEFT = 1e-6
"""The share of the target's σ₁ below which changes are the solver's residue and shown as zero."""

ENOUGH: dict[str, Any] = {"tol": 1e-4, "starts": 2, "trial": 10}
"""When a fit in the browser ends. On the way there round-off has not grown to what is printed, and
the slowest method at its defaults has taken a second or so."""

EARLY = 60
"""Steps of training by which most of it is over, and α is seen to matter no more."""

OWN = (
    "Its own teacher",
    "The target is a random step of an adapter of the same kind; the fit has to recover it.",
)


class Wanted(NamedTuple):
    """The target: ΔW*, or outputs on the tokens X and on others that are held out."""

    target: Array
    X: Array | None = None
    fresh: tuple[Array, Array] | None = None


def reach(method: str, chosen: dict[str, Any]) -> Iterator[Reached]:
    """Yield what an adapter has reached of a target, better and better.

    A fit is made at the defaults of knobs that its trained arrays make up for.

    Args:
        method: The slug of a method.
        chosen: Values of knobs, as in `demos.probe.answer`.

    Raises:
        KnobError: when a value is not allowed.
    """
    aim = {name: knob.check(chosen.get(name, knob.default)) for name, knob in AIM.items()}
    base = {}
    if aim["world"] in worlds.REAL and chosen.get("base") not in TRAINED.values():
        base = {"base": TRAINED["v"]}
    own = {n: v for n, v in chosen.items() if n not in AIM} | base
    adapter, world = start(method, own)
    if aim["way"] == "fitted":
        absorbed = (knob for knob in knobs(load(method)).values() if knob.absorbed)
        own |= {knob.name: knob.default for knob in absorbed}
        adapter, world = start(method, own)
    if max(world.W.shape) > LARGEST:
        size = "x".join(map(str, world.W.shape))
        rule = f"is too large to be fitted while you wait: choose at most {LARGEST}x{LARGEST}"
        raise KnobError("size", size, f"{rule}, or a random step")
    # What a method without its hypothesis has to find is what the method itself has done.
    whole = start(method, own | {HYPOTHESIS: KEPT})[0] if HYPOTHESIS in own else adapter
    wanted = want(aim["world"], whole, world)
    if aim["way"] == "hand":
        adapter, aim["steps"] = by_hand(adapter, aim["gains"]), 0
    if aim["way"] == "fitted":
        found = fit(adapter, world.W, wanted.target, wanted.X, **ENOUGH)
    else:
        found = train(adapter, world.W, wanted.target, wanted.X, aim["steps"], float(aim["rate"]))
    to = asked(adapter, world, wanted)
    if np.array_equal(to.before, to.after):
        rule = "asks for no change here, so no share of it can be explained"
        raise KnobError("world", aim["world"], rule)
    without = taken_out(method, own)
    errors: list[float] = []
    others = rivals(method, own, wanted, aim) if aim["way"] == "trained" else {}
    beside: dict[str, list[float]] = {name: [] for name in others}

    def noted() -> Iterator[Progress]:
        for progress in found:
            if not progress.done:
                errors.append(progress.error)
                for name, other in others.items():
                    beside[name] += [step.error for step in islice(other, 1)]
            yield progress

    for progress in paced(noted()):
        so_far = reached(progress.adapter, to, wanted, aim, errors, not progress.done)
        yield so_far._replace(without=without, beside=tuple(beside.items()))


def by_hand(adapter: Adapter, gains: str) -> Adapter:
    """Return an adapter with its first numbers moved by hundredths; the others stay."""
    numbers = flatten(adapter)
    given = [int(text) for text in gains.split("_") if text][: numbers.size]
    numbers[: len(given)] += np.array(given, float) / 100
    return restore(adapter, numbers)


def rivals(
    method: str, own: dict[str, Any], wanted: Wanted, aim: dict[str, Any]
) -> dict[str, Iterator[Progress]]:
    """Return the same training with other α, by α, where the method has one."""
    named = (k for k in knobs(load(method)).values() if k.letter == "α" and k.absorbed)
    if not (knob := next(named, None)):
        return {}
    chosen, found = float(own.get(knob.name, knob.default)), {}
    for value in (float(knob.low * 4**i) for i in range(4)):
        if chosen / 2 < value < chosen * 2:
            continue  # next to the chosen one, and hardly another
        fresh, world = start(method, own | {knob.name: value})
        found[f"α {value:g}"] = train(
            fresh, world.W, wanted.target, wanted.X, min(aim["steps"], EARLY), float(aim["rate"])
        )
    return found


def want(name: str, adapter: Adapter, world: World) -> Wanted:
    """Return the target of a world for an adapter that has not moved yet.

    A real one asks for a trained weight. An adapter that estimates a direction is taught by one
    that knows it.
    """
    W, seed = world.W, world.seed
    able = adapter.known() if isinstance(adapter, Estimates) else adapter
    teacher = perturbed(able, np.random.default_rng([seed, *b"teacher"]), 0.5)
    if isinstance(teacher, WeightAdapter):
        return Wanted(
            teacher.delta(W) if name == "own" else worlds.change(name, W, seed, world.base)
        )
    seen, fresh = worlds.tokens(W.shape[1], seed, world.X.shape[1])
    if name == "own":
        return Wanted(teacher.forward(W, seen), seen, (fresh, teacher.forward(W, fresh)))
    other = W + worlds.change(name, W, seed, world.base)
    return Wanted(adapter.base(other, seen), seen, (fresh, adapter.base(other, fresh)))


def asked(adapter: Adapter, world: World, wanted: Wanted) -> Change:
    """Return the target of the layer, which stays while an adapter comes nearer."""
    if wanted.X is None:
        return Change(adapter, world, world.W, world.W + wanted.target)
    before = adapter.base(world.W, wanted.X)
    return Change(adapter, world._replace(X=wanted.X), before, wanted.target)


def reached(
    adapter: Adapter, to: Change, wanted: Wanted, aim: dict[str, Any],
    errors: list[float], more: bool,
) -> Reached:  # fmt: skip
    """Return what an adapter makes of the layer, with its target."""
    W, X, before, held_out = to.world.W, wanted.X, to.before, None
    if X is not None:
        after = adapter.forward(W, X)
    elif isinstance(adapter, WeightAdapter):
        after = W + adapter.delta(W)
    if wanted.fresh:
        held_out = budget.explained(worlds.output_error(adapter, W, *wanted.fresh))
    floor = LEFT * float(to.sigma[0])
    if np.linalg.norm(after - before, 2) < floor:
        after = before
    now = Change(adapter, to.world, before, after, floor)
    return Reached(now, to, tuple(errors), aim, held_out, more)


def train(
    adapter: Adapter, W: Array, target: Array, X: Array | None, steps: int, rate: float
) -> Iterator[Progress]:
    """Yield an adapter after each step of Adam (Kingma and Ba, 2015) on the squared error.

    Args:
        adapter: Where to start.
        W: The frozen weight, (d_out, d_in).
        target: As in `fit`.
        X: As in `fit`.
        steps: How many steps.
        rate: How far a step moves a parameter, at most about.
    """
    residual, size = goal(adapter, W, target, X)
    if X is None and isinstance(adapter, Aims):
        adapter = adapter.aimed(W, target)
    theta, r = flatten(adapter).astype(float), residual(adapter)
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    through = adapter.relaxed() if isinstance(adapter, Relaxes) else None
    slopes = Slopes(residual, through or adapter)
    for step in range(steps + 1):
        error = float(np.linalg.norm(r)) / size
        yield Progress(step, error, adapter)
        if step == steps or not np.isfinite(error):
            break
        at = residual(restore(through, theta)) if through else r
        slope = (slopes.along(theta, r) if at is r else slopes.at(theta, at) @ r) / size**2
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        n = step + 1
        theta = theta - rate * (mean / (1 - 0.9**n)) / (np.sqrt(square / (1 - 0.999**n)) + 1e-8)
        adapter = restore(adapter, theta)
        r = residual(adapter)
    yield Progress(step, error, adapter, done=True)


# Panels and sentences -----------------------------------------------------------------------------


def answers(method: str, chosen: dict[str, Any]) -> Iterator[Answer]:
    """Yield panels and sentence of what is reached; arguments and errors are those of `reach`."""
    return map(show, reach(method, chosen))


def show(found: Reached) -> Answer:
    """Return the panels of what is reached, and the sentence.

    What is not finished is compared with nothing.
    """
    change, cls = found.change, type(found.change.adapter)
    s = change.symbol
    stage, *pictures = (PICTURES[name](found) for name in cls.pictures)
    beside = compared(found)
    panels = [
        weights(change),
        *spectra(change, found.wanted.sigma),
        cosines(change),
        curve(found, beside),
        *([stage | {"stage": True}] if stage else []),
        matrices(found),
        trained_arrays(change.adapter),
        *(panel for panel in pictures if panel),
    ]
    if len(found.errors) > 2:
        panels.append(progress(found))
    gauges = dict.fromkeys(("rank", "stable_rank", *cls.gauges))
    panels += [*shares(found, beside), *(GAUGES[name](change) for name in gauges)]
    if s == "W":
        panels.append(as_lora(change))
    return {
        "panels": panels,
        "sentence": sentence(found, beside),
        "step": len(found.errors) - 1,
        "more": found.more,
    }


def progress(found: Reached) -> Panel:
    """Return the error by step, and in training the loss, beside the same with other α."""
    if found.aim["way"] != "trained":
        errors = {"error": np.array(found.errors[1:])}
        return series("progress", "Error", errors, "step", "error", style="line")
    lines = dict(found.beside) | {"these settings": list(found.errors)}
    others = ", ".join(dict(found.beside))
    return series(
        "training", "Training: loss by step",
        {name: np.square(losses[1 : EARLY + 1]) for name, losses in lines.items()}, "step", "loss",
        style="line", says=f"Adam, rate {found.aim['rate']}",
        note="Loss: ‖Δ* − Δ‖² / ‖Δ*‖², the share that is not explained.",
        **({"rest": f"grey, from dotted to solid: {others}"} if others else {}),
    )  # fmt: skip


def trained_arrays(adapter: Adapter) -> Panel:
    """Return heatmaps of what the adapter has learned, blocks below each other."""
    views = [
        view(name, name, flat, float(np.abs(flat).max()))
        for name, array in learned(adapter).items()
        if array.size
        for flat in [array.reshape(-1, array.shape[-1])]
    ]
    return {
        "kind": "matrix", "name": "trained", "title": "What is trained", "views": views,
        "says": "", "note": "The learned arrays, each on a scale of its own.",
    }  # fmt: skip


def matrices(found: Reached) -> Panel:
    """Return the heatmaps of the target, of what is reached, and of the residual, on one scale."""
    wanted, change = found.wanted.delta, found.change.delta
    s, limit = found.change.symbol, float(np.abs(found.wanted.delta).max())
    views = [
        view("target", f"Target Δ{s}*", wanted, limit),
        view("delta", f"{found.how.capitalize()} Δ{s}", change, limit),
        view("residual", "Residual", wanted - change, limit) | {"sum": "1 -1"},
    ]
    lines = (
        "A row per neuron, a column per input."
        if s == "W"
        else "Outputs: a row per feature, a column per token."
    )
    return {
        "kind": "matrix", "name": "wanted", "title": f"Target, {found.how}, residual",
        "views": views, "note": f"All on one scale. {lines}",
    }  # fmt: skip


def curve(found: Reached, s: Shares) -> Panel:
    """Return what is explained by so many parameters, and what LoRA of each rank would explain."""
    wanted = found.wanted.delta
    dots = {"explained": s.own}
    if found.held_out is not None:
        dots["fresh tokens"] = found.held_out
    count = f"{s.parameters:,} parameter{'' if s.parameters == 1 else 's'}"
    return {
        "kind": "curve", "name": "curve", "title": "Explained, by parameters", "says": count,
        "at": s.parameters, "most": wanted.size, "per": sum(wanted.shape), "dots": dots,
        "lora": budget.ranked(found.wanted.sigma) if found.change.symbol == "W" else np.zeros(1),
        "note": f"{EXPLAINED} Grey: LoRA of each rank.",
    }  # fmt: skip


class Shares(NamedTuple):
    """Shares of ‖Δ*‖² that are explained, and by what."""

    own: float
    parameters: int
    chance: float
    lora: tuple[int, int, float] | None
    """Rank, parameters and share of the largest LoRA within the budget, or of the smallest."""
    rank: tuple[int, float] | None
    """The rank of the change where it is not full, and the share of the best one of this rank."""


def compared(found: Reached) -> Shares:
    """Return what is explained, and by what one would compare it."""
    change, wanted = found.change, found.wanted.delta
    size = flatten(change.adapter).size
    error = float(np.linalg.norm(wanted - change.delta) / np.linalg.norm(wanted))
    best = budget.ranked(found.wanted.sigma)
    k, full = numerical_rank(change), len(change.sigma)
    lora = None
    if change.symbol == "W":
        each = sum(wanted.shape)
        r = min(max(1, size // each), full)
        lora = r, r * each, float(best[r])
    rank = (k, float(best[k])) if 0 < k < full and not (lora and lora[0] == k) else None
    return Shares(budget.explained(error), size, budget.chance(size, wanted.size), lora, rank)


def shares(found: Reached, s: Shares) -> list[Panel]:
    own = "Explained without it" if found.without else "Explained"
    rows = [("explained", own, s.own, f"% of ‖Δ{found.change.symbol}*‖²", EXPLAINED)]
    if found.held_out is not None:
        rows.append(("held_out", "Explained on fresh tokens", found.held_out, "%", HELD_OUT))
    if s.lora and not found.more:
        r, count, share = s.lora
        rows.append(("lora", f"LoRA of rank {r}", share, f"% with {count:,} parameters", LORA))
    if s.rank and not found.more:
        rows.append(("best_of_rank", f"Best of rank {s.rank[0]}", s.rank[1], "%", RANK))
    if not found.more:
        rows.append(("chance", "A random subspace", s.chance, "%", CHANCE))
    return [number(name, label, 100 * v, unit, note) for name, label, v, unit, note in rows]


ALPHA = "α changes how fast training moves, not which ΔW can be reached."
EXPLAINED = "1 − ‖Δ* − Δ‖² / ‖Δ*‖², Δ* being the target."
HELD_OUT = "The same on tokens that were not fitted; below 0 the fit is worse than no change."
LORA = "What LoRA explains with at most as many parameters, or at rank 1 if that needs more."
RANK = "The most that a change of this rank can explain (Eckart and Young, 1936)."
CHANCE = "The mean over random subspaces: trained parameters divided by entries of the weight."


def percent(share: float) -> str:
    r"""Return a share as a reader wants it.

    >>> percent(0.314), percent(0.9999), percent(1 - 1e-9), percent(-2.0), percent(0.004)
    ('31\xa0%', 'over 99\xa0%', '100\xa0%', '0\xa0%', '0.4\xa0%')
    """
    value = 100 * max(share, 0.0)
    if 99.5 <= value < 100 - 1e-4:
        return "over 99\xa0%"
    return f"{value:.1f}\xa0%" if 0.05 <= value < 1 else f"{value:.0f}\xa0%"


def sentence(found: Reached, s: Shares) -> str:
    """Return what is to be seen, computed from the numbers."""
    aim = found.aim
    taken = len(found.errors) - 1
    thing = "this change" if found.change.symbol == "W" else "this change of the outputs"
    about = f"{caption(aim['world'])[1]} {found.without}".strip()
    if found.more:
        return f"{about} Unfinished: {percent(s.own)} of {thing} after {taken} of its steps."
    steps = f" after {taken} steps of training" if aim["way"] == "trained" else ""
    count = (
        "One parameter explains" if s.parameters == 1 else f"{s.parameters:,} parameters explain"
    )
    if aim["way"] == "hand":
        count = f"{s.parameters:,} parameters, set by hand, explain"
    parts = [f"{count} {percent(s.own)} of {thing}{steps}"]
    others: list[tuple[str, float]] = []
    if s.lora and s.lora[1] == s.parameters and abs(s.own - s.lora[2]) < 5e-4:
        parts[0] += f", as much as any change of rank {s.lora[0]} can"
    elif s.lora:
        others.append((f"LoRA of rank {s.lora[0]} with {s.lora[1]:,}", s.lora[2]))
    if s.rank:
        others.append((f"the best change of rank {s.rank[0]}", s.rank[1]))
    others.append(("a random subspace of the same dimension", s.chance))
    rest = "; ".join(f"{who} explains {percent(share)}" for who, share in others)
    text = f"{parts[0]}. {rest[0].upper()}{rest[1:]}."
    if found.held_out is not None:
        fresh = "less than 0\xa0%" if found.held_out < 0 else percent(found.held_out)
        text += f" On fresh tokens the fit explains {fresh}."
    if found.beside:
        text += f" {ALPHA}"
    return f"{about} {text}"


def caption(name: str) -> tuple[str, str]:
    """Return what a world is called, and what is true of it."""
    if name == "own":
        return OWN
    world = (worlds.WORLDS | worlds.REAL)[name]
    return world.title, world.sentence

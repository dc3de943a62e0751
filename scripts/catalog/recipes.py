"""Recipes: programs that train an adapter in PEFT at three rates, and load the best one again.

A method's page says what is its own. A recipe is put together from pieces, here for the tests and
on a page by demos/page/recipe.js: both only fill in the slots in angle brackets. Every one was run
with PEFT 0.21.2, from its data to the adapter that is loaded again, on a tiny model of the same
architecture: tests/parity/recipes.py.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from textwrap import indent
from typing import Any, NamedTuple

from adapters_np import core
from adapters_np.core import sizes
from adapters_np.expressions import parse, values
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.counts import NAMES, START, Model, count, fused
from scripts.catalog.memory import STATES, beside, estimate, held, kept
from scripts.catalog.recipe_text import (
    CHECKPOINTING,
    CHUNKED,
    KBIT,
    LOAD,
    MERGING,
    OPTIMISERS,
    QUANTISED,
    SCHEDULE,
)
from scripts.catalog.records import Method, Peft, Recipe

SLOT = "<targets>"
BODY = "    "
WIDE = 72  # letters of a list that stands on a line of its own
PREPARE = "prepare_model_for_kbit_training"


def given(m: Method) -> tuple[Peft, Recipe]:
    """Return what a page says of its method in PEFT, and its recipe.

    Raises:
        LookupError: when there is none.
    """
    if not isinstance(m.peft, Peft) or not m.peft.recipe:
        raise LookupError(f"{m.slug} has no recipe: {m.file} can give it one, under peft")
    return m.peft, m.peft.recipe


def rule(value: Any) -> str:
    """Return how an argument follows from the rank or the steps, "" for one that does not.

    >>> rule("<2 * rank>"), rule("<targets>"), rule(16)
    ('2 * rank', '', '')
    """
    slot = isinstance(value, str) and value != SLOT and re.fullmatch("<(.*)>", value)
    return slot[1] if slot else ""


def rules(recipes: Iterable[Recipe]) -> list[str]:
    values = (value for recipe in recipes for value in recipe.arguments.values())
    return list(dict.fromkeys(filter(None, map(rule, values))))


SEARCH = "no search is recorded for this method, so these are guesses around LoRA's."
GUESS = 1e-4


def rate(m: Method) -> tuple[float, str]:
    """Return the rate in the middle of a search, and why: a printed one, or PEFT's benchmark's."""
    peft, about = given(m)
    if about.rate:
        return about.rate.value, about.rate.why
    kind = peft.config.removesuffix("Config").upper()
    with (ROOT / "docs/data/peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
        runs = [
            run
            for run in csv.DictReader(file)
            if run["survey_entry"] == str(m.number or "")
            and run["peft_type"].replace("_", "") == kind
        ]
    if not runs or m.untested:
        return GUESS, SEARCH
    rates = sorted({float(run["lr"]) for run in runs})
    best = float(max(runs, key=lambda run: float(run["test_accuracy"]))["lr"])
    if len(rates) == 1:
        return best, f"PEFT's benchmark ran this method at {power(best)} alone."
    ran = ", ".join(map(power, rates[:-1]))
    return best, (
        f"PEFT's benchmark ran this method at {ran} and {power(rates[-1])}, best at {power(best)}."
    )


def search(m: Method) -> tuple[str, str]:
    middle, why = rate(m)
    return ", ".join(power(middle * times) for times in (1 / 3, 1, 3)), why


def power(value: float) -> str:
    """Return a rate as it is written in configurations.

    >>> power(0.0001), power(0.0045), power(0.3)
    ('1e-4', '4.5e-3', '0.3')
    """
    return f"{value:g}" if value >= 0.1 else f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")


def config(m: Method) -> str:
    peft, about = given(m)
    arguments = {"task_type": "CAUSAL_LM", **about.arguments}
    lines = [f"    {n}={_literal(v)}," for n, v in arguments.items()]
    return indent("\n".join((f"config = {peft.config}(", *lines, ")")), BODY)


def _literal(value: Any) -> str:
    if value == SLOT or rule(value):
        return str(value)
    text = f'"{value}"' if isinstance(value, str) else repr(value).replace("'", '"')
    return text if len(text) <= WIDE else f"[\n{BODY * 3}{text[1:-1]},\n{BODY * 2}]"


class Wish(NamedTuple):
    """A reader's choices; a rank of 0 is the recipe's own."""

    model: Model = START
    bits: int = 16
    targets: str = "all linear"
    checkpointing: bool = True
    rank: int = 0
    length: int = 1024
    batch: int = 1
    optimiser: str = "AdamW"
    chunked: bool = False
    examples: int = 2000
    epochs: int = 3


def schedule(wish: Wish) -> dict[str, int]:
    """Return what follows from examples, epochs and batch, by the names of SCHEDULE."""
    counts = {"examples": wish.examples, "epochs": wish.epochs, "batch": wish.batch}
    for name, formula in SCHEDULE.items():
        [counts[name]] = values(formula, counts)
    return counts


def recipe(m: Method, wish: Wish = Wish()) -> str:  # noqa: B008  (it cannot change)
    (peft, about), few = given(m), wish.bits < 16
    adalora = bool(about.trainer)
    prepare = KBIT if few else CHECKPOINTING if wish.checkpointing else ""
    classes = sorted([peft.config, "PeftModel", "get_peft_model", *few * [PREPARE]])
    plan = schedule(wish)
    ranks = {"rank": wish.rank or about.rank, "steps": plan["steps"]}
    rates, why = search(m)
    eight = "8bit" in OPTIMISERS[wish.optimiser]
    slots = {
        "packages": "peft transformers" + " bitsandbytes" * (few or eight),
        "classes": ", ".join(classes),
        "loaders": " BitsAndBytesConfig," if few else "",
        "callbacks": " TrainerCallback," if adalora else "",
        "model": wish.model.home,
        "quantised": QUANTISED[wish.bits],
        "prepare": prepare,
        "config": config(m),
        "targets": _literal(called(about, wish)),
        **{text: str(values(text, ranks)[0]) for text in rules([about])},
        "loading": "" if few else about.loading,
        "notes": indent(about.notes, BODY),
        "length": str(wish.length),
        "why": why,
        "rates": rates,
        **{name: str(n) for name, n in plan.items()},
        "checkpointing": str(wish.checkpointing),
        "optimiser": OPTIMISERS[wish.optimiser],
        "chunked": CHUNKED if wish.chunked else "",
        "trainer": about.trainer,
        "saving": about.saving,
        "merging": MERGING if m.deploy.merges else "",
    }
    text = LOAD
    for name, value in slots.items():
        text = text.replace(f"<{name}>", value)
    return text


def called(about: Recipe, wish: Wish) -> str | list[str]:
    if not (about.targets or about.named) and wish.targets == "all linear":
        return "all-linear"
    return list(names(about, wish.model, wish.targets))


def names(about: Recipe, model: Model, targets: str) -> tuple[str, ...]:
    chosen = about.targets or NAMES[targets]
    return fused(chosen) if model.fused else chosen


def data(catalog: Catalog) -> dict[str, Any]:
    """Return the pieces of all recipes for a page, and how many parameters each trains."""
    methods = {
        slug: {
            "class": given(m)[0].config,
            "config": config(m),
            "rank": about.rank,
            "targets": about.targets,
            "named": about.named,
            "bits": about.bits,
            "why": about.why,
            "knobs": {name: _parsed(value) for name, value in knobs(m).items()},
            "loading": about.loading,
            "notes": indent(about.notes, BODY),
            "rates": search(m),
            "weight": about.weight and parse(about.weight)[0],
            "alike": about.alike and parse(about.alike)[0],
            "model": about.model and parse(about.model)[0],
            "trainer": about.trainer,
            "saving": about.saving,
            "kept": keeps(m),
            "merges": m.deploy.merges,
        }
        for slug, about in catalog.recipes().items()
        for m in (catalog.methods[slug],)
    }
    pieces = {
        "load": LOAD,
        "quantised": QUANTISED,
        "kbit": KBIT,
        "checkpointing": CHECKPOINTING,
        "chunked": CHUNKED,
        "merging": MERGING,
        "optimisers": OPTIMISERS,
        "names": NAMES,
        "rules": {text: parse(text)[0] for text in rules(catalog.recipes().values())},
        "schedule": {name: parse(text)[0] for name, text in SCHEDULE.items()},
        "methods": methods,
    }
    return {"recipes": pieces}


def keeps(m: Method) -> str:
    """Return the name under which pages say what a recipe keeps for the backward pass."""
    peft, about = given(m)
    return about.kept or peft.config.removesuffix("Config").upper()


def _parsed(value: Any) -> Any:
    if rule(value):
        return parse(rule(value))[0]
    return ["text", value] if isinstance(value, str) else value


def knobs(m: Method) -> dict[str, Any]:
    peft, about = given(m)
    own = core.knobs(core.load(m.modules[0]))
    named = {name: name for name in own} | peft.knobs
    chosen = {
        knob: v for name, knob in named.items() if (v := about.arguments.get(name)) is not None
    }
    return {
        k: v for k, v in chosen.items() if rule(v) or not isinstance(v, str) or v in own[k].options
    }


def memory(m: Method, wish: Wish) -> dict[str, float]:
    """Return the bytes of a GPU that training with a recipe takes, part by part."""
    (_, about), model, own = given(m), wish.model, keeps(m)
    uses = SLOT in about.arguments.values()
    adapted = names(about, model, wish.targets) if uses else ()
    rank, tokens = wish.rank or about.rank, wish.length * wish.batch
    parts = {
        **model._asdict(),
        "linear": model.linear,
        "bits": wish.bits,
        "state": STATES[wish.optimiser],
        "tokens": tokens,
        "checkpointing": wish.checkpointing,
        "chunked": wish.chunked,
        "trained": trained(m, model, wish.targets, rank),
        "kept": kept(own, model, adapted, tokens, rank),
        "held": held(own, model, adapted, rank),
    }
    return estimate({**parts, "held": parts["held"] + beside(own, parts)})


def trained(m: Method, model: Model, targets: str, rank: int = 0) -> int:
    _, about = given(m)
    rank = rank or about.rank
    if about.model:
        return sizes(about.model, **model._asdict(), rank=rank)[0]
    places = model.places("weight", targets)
    if about.alike:
        return sum(
            sizes(about.alike, d_out=a, d_in=b, layers=n, rank=rank)[0] for a, b, n in places
        )
    if about.weight:
        return sum(n * sizes(about.weight, d_out=a, d_in=b, rank=rank)[0] for a, b, n in places)
    own = {
        name: values(rule(value), {"rank": rank})[0] if rule(value) else value
        for name, value in knobs(m).items()
    }
    return count(core.load(m.modules[0]), model, targets, **own)

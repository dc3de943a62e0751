"""Recipes: the lines that load a model, adapt and train it in PEFT, save the adapter and load it.

A recipe is put together from pieces, here for the tests and on a page by demos/page/recipe.js: both
only fill in the slots in angle brackets. Every one was run with PEFT 0.21.2, from its data to the
adapter that is loaded again, on a tiny model of the same architecture: tests/parity/recipes.py.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters_np import core
from adapters_np.core import sizes
from adapters_np.expressions import parse, values
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.counts import NAMES, START, Model, count, fused
from scripts.catalog.memory import STATES, estimate, held, kept
from scripts.catalog.recipe_text import (
    CHECKPOINTING,
    CHUNKED,
    KBIT,
    LOAD,
    MERGING,
    OPTIMISERS,
    QUANTISED,
)
from scripts.catalog.records import Method, Peft

SLOT = "<targets>"

BITS = (16, 8, 4)
"""In how many bits a base can be loaded."""


class Of(NamedTuple):
    """An argument that follows from the rank."""

    rule: str


class Recipe(NamedTuple):
    """Arguments at the scale of a model; those that are knobs here count parameters too.

    `rank` is where it starts, and 0 where a method has none. `targets` names weights where a method
    has its own. `bits` tells on which bases training ran, and `why` not on others where that is a
    fault. Where PEFT trains other numbers than our module does, there is how many: on a `weight`,
    over d_out, d_in and the rank, or in a whole `model`, over its fields. `notes` are lines before
    training, `loading` such where a base that is not quantised is loaded; `trainer` and `saving`
    are more arguments where it is trained and saved. `kept` leads to what it keeps for the backward
    pass.
    """

    arguments: dict[str, Any]
    rank: int = 0
    targets: tuple[str, ...] | None = None
    bits: tuple[int, ...] = BITS
    why: str = ""
    weight: str = ""
    model: str = ""
    notes: str = ""
    loading: str = ""
    trainer: str = ""
    saving: str = ""
    kept: str = ""


WHOLE = (16,)
"""The bits of a base that is not quantised."""

PISSA = """
# PiSSA rewrites the base, and this start is drawn at random: an adapter that is saved as it is fits
# no base that is loaded anew. With the start saved, the change becomes a LoRA of twice the rank.
model.peft_config["default"].init_lora_weights = True
model.save_pretrained("start")"""

ADALORA = """

# Without this call after every step, before gradients are set to zero, no rank ever falls.
class Allocate(TrainerCallback):
    def on_optimizer_step(self, args, state, control, **_):
        model.base_model.update_and_allocate(state.global_step + 1)
"""

BOFT = """
# Without its CUDA extension PEFT trains one of the two factors, which is how it is counted here."""

NORMS = """
    # In bfloat16 steps at usual rates are rounded away. Run it under torch.autocast, as bf16 does.
    for name, module in model.named_modules():
        if name.endswith("norm"):
            module.float()"""

DORA = (
    "DoRA has no recipe for 8 bits: with PEFT 0.21.2 and bitsandbytes 0.50.2 its training fails "
    "there on a CPU, and no GPU was at hand."
)

ADAPTED = {"target_modules": SLOT}
R = Of("rank")
TWICE = Of("2 * rank")
RECIPES: dict[str, Recipe] = {
    "lora": Recipe({"r": R, "lora_alpha": TWICE, **ADAPTED}, 16),
    "oft": Recipe({"oft_block_size": 32, "use_cayley_neumann": False, **ADAPTED}),
    "vera": Recipe({"r": R, **ADAPTED}, 256),
    "dora": Recipe(
        {"r": R, "lora_alpha": TWICE, "use_dora": True, **ADAPTED},
        16, bits=(16, 4), why=DORA, kept="LORA dora",
    ),
    "delora": Recipe({"r": R, "delora_lambda": 15, **ADAPTED}, 32, bits=WHOLE),
    "pissa": Recipe(
        {"r": R, "lora_alpha": R, "init_lora_weights": "pissa_niter_4", **ADAPTED},
        16, bits=WHOLE, notes=PISSA,
        saving=', path_initial_model_for_weight_conversion="start"',
    ),
    "ia3": Recipe(
        {"target_modules": SLOT, "feedforward_modules": ["down_proj"]},
        targets=("k_proj", "v_proj", "down_proj"),
        model="layers * (2 * keys + inner + (queries if fused else 0))",
    ),
    "road": Recipe({"variant": "road_1", "group_size": 64, **ADAPTED}),
    "adalora": Recipe(
        {
            "init_r": Of("3 * rank // 2"), "target_r": R, "lora_alpha": TWICE,
            "total_step": 1000, **ADAPTED,
        },
        16, weight="3 * rank // 2 * (d_out + d_in + 1) + 1",
        notes=ADALORA, trainer=", callbacks=[Allocate()]",
    ),
    "boft": Recipe(
        {"boft_block_size": 8, "boft_n_butterfly_factor": 2, **ADAPTED},
        weight="2 * (d_in // 8) * 28 + d_in + d_out", notes=BOFT,
    ),
    "hra": Recipe({"r": R, "apply_GS": False, **ADAPTED}, 8, bits=WHOLE),
    "randlora": Recipe({"r": R, "randlora_alpha": Of("20 * rank"), **ADAPTED}, 32),
    "fourierft": Recipe({"n_frequency": 5000, "scaling": 300.0, **ADAPTED}),
    "c3a": Recipe({"block_size": 64, **ADAPTED}),
    "loha": Recipe({"r": R, "alpha": TWICE, **ADAPTED}, 16, bits=WHOLE),
    "lokr": Recipe({"r": R, "alpha": TWICE, "decompose_factor": 4, **ADAPTED}, 32, bits=WHOLE),
    "miss": Recipe({"r": R, **ADAPTED}, 64),
    "vblora": Recipe({"r": R, "topk": 2, "num_vectors": 256, "vector_length": 256, **ADAPTED}, 4),
    "shira": Recipe(
        {"r": R, "mask_type": "random", "random_seed": 42, **ADAPTED},
        32, bits=WHOLE, weight="rank * (d_out + d_in)",
    ),
    "ln_tuning": Recipe(
        {"target_modules": ["input_layernorm", "post_attention_layernorm", "norm"]},
        loading=NORMS,
    ),
    "prompt_tuning": Recipe({"num_virtual_tokens": 100, "prompt_tuning_init": "RANDOM"}),
    "oftv2": Recipe({"oft_block_size": 32, "use_cayley_neumann": True, **ADAPTED}),
    "psoft": Recipe({"r": R, "psoft_alpha": R, **ADAPTED}, 256, bits=WHOLE),
}  # fmt: skip


def _rules() -> Iterator[str]:
    """Yield how arguments follow from the rank."""
    for about in RECIPES.values():
        yield from (value.rule for value in about.arguments.values() if isinstance(value, Of))


UNTESTED = ("boft", "ln_tuning")
"""Of these PEFT's benchmark says nothing: one factor is OFT, and one run learned no format."""

SEARCH = "none is recorded here for this method; this one is a guess, and has to be searched."
GUESS = 1e-4


def rate(m: Method) -> tuple[str, str]:
    """Return a learning rate to begin with, and why: where PEFT's benchmark ran the method best."""
    assert isinstance(m.peft, Peft)
    kind = m.peft.config.removesuffix("Config").upper()
    with (ROOT / "docs/data/peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
        runs = [
            run
            for run in csv.DictReader(file)
            if run["survey_entry"] == str(m.number) and run["peft_type"].replace("_", "") == kind
        ]
    if not runs or m.slug in UNTESTED:
        return _power(GUESS), SEARCH
    rates = sorted({float(run["lr"]) for run in runs})
    best = _power(float(max(runs, key=lambda run: float(run["test_accuracy"]))["lr"]))
    if len(rates) == 1:
        return best, f"PEFT's benchmark ran it at {best} alone; search around it."
    ran = ", ".join(map(_power, rates[:-1]))
    return best, (
        f"PEFT's benchmark ran it at {ran} and {_power(rates[-1])}, "
        f"best at {best}; search around it."
    )


def _power(value: float) -> str:
    """Return a rate as it is written in configurations.

    >>> _power(0.0001), _power(0.3)
    ('1e-4', '0.3')
    """
    return f"{value:g}" if value >= 0.1 else f"{value:.0e}".replace("e-0", "e-")


def config(m: Method) -> str:
    """Return the configuration of a method, with slots for its targets and for the rank."""
    assert isinstance(m.peft, Peft)
    arguments = {"task_type": "CAUSAL_LM", **RECIPES[m.slug].arguments}
    lines = [f"    {n}={_literal(v)}," for n, v in arguments.items()]
    return "\n".join((f"{m.peft.config}(", *lines, ")"))


def _literal(value: Any) -> str:
    if isinstance(value, Of):
        return f"<{value.rule}>"
    if value == SLOT:
        return SLOT
    return f'"{value}"' if isinstance(value, str) else repr(value).replace("'", '"')


class Wish(NamedTuple):
    """What a reader asks for; a rank of 0 is the recipe's own."""

    model: Model = START
    bits: int = 16
    targets: str = "all linear"
    checkpointing: bool = True
    rank: int = 0
    length: int = 1024
    batch: int = 1
    optimiser: str = "AdamW"
    chunked: bool = False


def recipe(m: Method, wish: Wish = Wish()) -> str:  # noqa: B008  (it cannot change)
    """Return a whole recipe.

    Args:
        m: A method that has one.
        wish: What it is for.
    """
    assert isinstance(m.peft, Peft)
    about, few = RECIPES[m.slug], wish.bits < 16
    adalora = bool(about.trainer)
    prepare = KBIT if few else CHECKPOINTING if wish.checkpointing else ""
    classes = [
        "PeftModel",
        m.peft.config,
        "get_peft_model",
        *(["prepare_model_for_kbit_training"] if few else []),
    ]
    rules = {rule: str(values(rule, {"rank": wish.rank or about.rank})[0]) for rule in _rules()}
    start, why = rate(m)
    slots = {
        "classes": ", ".join(classes),
        "loaders": " BitsAndBytesConfig," if few else "",
        "callbacks": " TrainerCallback," if adalora else "",
        "model": wish.model.home,
        "quantised": QUANTISED[wish.bits],
        "prepare": prepare,
        "config": config(m),
        "targets": _literal(list(names(m.slug, wish.model, wish.targets))),
        **rules,
        "loading": "" if few else about.loading,
        "notes": about.notes,
        "length": str(wish.length),
        "why": why,
        "rate": start,
        "batch": str(wish.batch),
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


def names(slug: str, model: Model, targets: str) -> tuple[str, ...]:
    """Return what the adapted weights are called."""
    chosen = RECIPES[slug].targets or NAMES[targets]
    return fused(chosen) if model.fused else chosen


def data(catalog: Catalog) -> dict[str, Any]:
    """Return the pieces of all recipes for a page, and how many parameters each trains."""
    methods = {
        slug: {
            "class": m.peft.config,
            "config": config(m),
            "rank": about.rank,
            "targets": about.targets,
            "bits": about.bits,
            "why": about.why,
            "knobs": {name: _parsed(value) for name, value in knobs(m).items()},
            "loading": about.loading,
            "notes": about.notes,
            "rate": rate(m),
            "weight": about.weight and parse(about.weight)[0],
            "model": about.model and parse(about.model)[0],
            "trainer": about.trainer,
            "saving": about.saving,
            "kept": keeps(m),
            "merges": m.deploy.merges,
        }
        for slug, about in RECIPES.items()
        if isinstance((m := catalog.methods[slug]).peft, Peft)
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
        "rules": {rule: parse(rule)[0] for rule in _rules()},
        "methods": methods,
    }
    return {"recipes": pieces}


def keeps(m: Method) -> str:
    """Return the key of what a recipe keeps for the backward pass, one of memory.KEPT or none."""
    assert isinstance(m.peft, Peft)
    return RECIPES[m.slug].kept or m.peft.config.removesuffix("Config").upper()


def _parsed(value: Any) -> Any:
    """Return a knob as an expression over the rank."""
    if isinstance(value, Of):
        return parse(value.rule)[0]
    return ["text", value] if isinstance(value, str) else value


def knobs(m: Method) -> dict[str, Any]:
    """Return the knobs that a recipe sets, as the method's module calls them."""
    assert isinstance(m.peft, Peft)
    given = RECIPES[m.slug].arguments
    own = core.knobs(core.load(m.modules[0]))
    named = {name: name for name in own} | m.peft.knobs
    found = {knob: given[argument] for argument, knob in named.items() if argument in given}
    return {k: v for k, v in found.items() if not isinstance(v, str) or v in own[k].options}


def memory(m: Method, wish: Wish) -> dict[str, float]:
    """Return the bytes of a GPU that training with a recipe takes, part by part."""
    about, model, own = RECIPES[m.slug], wish.model, keeps(m)
    uses = SLOT in about.arguments.values()
    adapted = names(m.slug, model, wish.targets) if uses else ()
    rank, tokens = wish.rank or about.rank, wish.length * wish.batch
    given = {
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
    return estimate(given)


def trained(m: Method, model: Model, targets: str, rank: int = 0) -> int:
    """Return how many parameters PEFT trains with a recipe."""
    about = RECIPES[m.slug]
    rank = rank or about.rank
    if about.model:
        return sizes(about.model, **model._asdict())[0]
    if about.weight:
        places = model.places("weight", targets)
        return sum(n * sizes(about.weight, d_out=a, d_in=b, rank=rank)[0] for a, b, n in places)
    own = {
        name: values(value.rule, {"rank": rank})[0] if isinstance(value, Of) else value
        for name, value in knobs(m).items()
    }
    return count(core.load(m.modules[0]), model, targets, **own)

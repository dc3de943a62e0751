"""Recipes: the lines that load a model and adapt it in PEFT, at the scale of a model.

A recipe is put together from pieces, here for the tests and on a page by demos/page/choose.js: both
only fill in the slots in angle brackets. Every one was constructed with PEFT 0.21.2, and trained
for two steps, on a tiny model of the same architecture: tests/parity/recipes.py.
"""

from __future__ import annotations

import csv
from typing import Any, NamedTuple

from adapters_np import core
from adapters_np.core import sizes
from adapters_np.expressions import parse
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.counts import Model, count
from scripts.catalog.records import Method, Peft

NAMES = {
    "query and value": ("q_proj", "v_proj"),
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "all linear": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
}
"""What the weights of `counts.TARGETS` are called in Llama's architecture and its many heirs."""

SLOT = "<targets>"

BITS = (16, 8, 4)
"""In how many bits a base can be loaded."""


class Recipe(NamedTuple):
    """Arguments at the scale of a model; those that are knobs here count parameters too.

    `targets` names weights where a method has its own. `bits` tells on which bases training ran,
    and `why` not on others where that is a fault. Where PEFT trains other numbers than our module
    does, there is how many: on a `weight`, over d_out and d_in, or in a whole `model`, over its
    fields. `notes` are lines of code and comments on what goes wrong without a word, on bases of
    `noted` bits.
    """

    arguments: dict[str, Any]
    targets: tuple[str, ...] | None = None
    bits: tuple[int, ...] = BITS
    why: str = ""
    weight: str = ""
    model: str = ""
    notes: str = ""
    noted: tuple[int, ...] = BITS


WHOLE = (16,)
"""The bits of a base that is not quantised."""

PISSA = """
# PiSSA rewrites the base, and this start is drawn at random: a saved adapter fits no base that is
# loaded anew. Save it as a plain LoRA of twice the rank: before training
#     model.peft_config["default"].init_lora_weights = True
#     model.save_pretrained("start")
# and after it
#     model.save_pretrained("trained", path_initial_model_for_weight_conversion="start")
# or start with init_lora_weights="pissa", which takes longer and is the same in every load."""

ADALORA = """
# total_step is the number of all optimizer steps. After each one, and before zero_grad, call
#     model.base_model.update_and_allocate(step)
# or the rank never falls; with a Trainer, in a callback's on_optimizer_step."""

BOFT = """
# Without its CUDA extension PEFT trains one of the two factors, which is how it is counted here."""

NORMS = """
# PEFT leaves the norms in bfloat16, where steps at usual rates are rounded away. Keep them in
# float32, and train under torch.autocast, as a Trainer does with bf16=True.
for parameter in model.parameters():
    if parameter.requires_grad:
        parameter.data = parameter.data.float()"""

DORA = (
    "DoRA has no recipe for 8 bits: with PEFT 0.21.2 and bitsandbytes 0.50.2 its training fails "
    "there on a CPU, and no GPU was at hand."
)

ADAPTED = {"target_modules": SLOT}
RECIPES: dict[str, Recipe] = {
    "lora": Recipe({"r": 16, "lora_alpha": 32, **ADAPTED}),
    "oft": Recipe({"oft_block_size": 32, "use_cayley_neumann": False, **ADAPTED}),
    "vera": Recipe({"r": 256, **ADAPTED}),
    "dora": Recipe(
        {"r": 16, "lora_alpha": 32, "use_dora": True, **ADAPTED}, bits=(16, 4), why=DORA
    ),
    "delora": Recipe({"r": 32, "delora_lambda": 15, **ADAPTED}, bits=WHOLE),
    "pissa": Recipe(
        {"r": 16, "lora_alpha": 16, "init_lora_weights": "pissa_niter_4", **ADAPTED},
        bits=WHOLE,
        notes=PISSA,
    ),
    "ia3": Recipe(
        {"target_modules": SLOT, "feedforward_modules": ["down_proj"]},
        targets=("k_proj", "v_proj", "down_proj"),
        model="layers * (2 * keys + inner)",
    ),
    "road": Recipe({"variant": "road_1", "group_size": 64, **ADAPTED}),
    "adalora": Recipe(
        {"init_r": 24, "target_r": 16, "lora_alpha": 32, "total_step": 1000, **ADAPTED},
        weight="24 * (d_out + d_in + 1) + 1",
        notes=ADALORA,
    ),
    "boft": Recipe(
        {"boft_block_size": 8, "boft_n_butterfly_factor": 2, **ADAPTED},
        weight="2 * (d_in // 8) * 28 + d_in + d_out",
        notes=BOFT,
    ),
    "hra": Recipe({"r": 8, "apply_GS": False, **ADAPTED}, bits=WHOLE),
    "randlora": Recipe({"r": 32, "randlora_alpha": 640, **ADAPTED}),
    "fourierft": Recipe({"n_frequency": 5000, "scaling": 300.0, **ADAPTED}),
    "c3a": Recipe({"block_size": 64, **ADAPTED}),
    "loha": Recipe({"r": 16, "alpha": 32, **ADAPTED}, bits=WHOLE),
    "lokr": Recipe({"r": 32, "alpha": 64, "decompose_factor": 4, **ADAPTED}, bits=WHOLE),
    "miss": Recipe({"r": 64, **ADAPTED}),
    "vblora": Recipe({"r": 4, "topk": 2, "num_vectors": 256, "vector_length": 256, **ADAPTED}),
    "shira": Recipe(
        {"r": 32, "mask_type": "random", "random_seed": 42, **ADAPTED},
        bits=WHOLE,
        weight="32 * (d_out + d_in)",
    ),
    "ln_tuning": Recipe(
        {"target_modules": ["input_layernorm", "post_attention_layernorm", "norm"]},
        notes=NORMS,
        noted=WHOLE,
    ),
    "prompt_tuning": Recipe({"num_virtual_tokens": 100, "prompt_tuning_init": "RANDOM"}),
    "oftv2": Recipe({"oft_block_size": 32, "use_cayley_neumann": True, **ADAPTED}),
    "psoft": Recipe({"r": 256, "psoft_alpha": 256, **ADAPTED}, bits=WHOLE),
}

LOAD = """\
import torch
from peft import <classes>
from transformers import <loaders>

model = AutoModelForCausalLM.from_pretrained(
    "<model>",
    dtype=torch.bfloat16,<quantised>
    device_map="auto",
)<prepare>

config = <config>
model = get_peft_model(model, config)
model.print_trainable_parameters()<notes>
# Learning rate: <rate>
"""

QUANTISED = {
    16: "",
    8: "\n    quantization_config=BitsAndBytesConfig(load_in_8bit=True),",
    4: """
    quantization_config=BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    ),""",
}
KBIT = (
    "\nmodel = prepare_model_for_kbit_training(model, use_gradient_checkpointing=<checkpointing>)"
)
CHECKPOINTING = "\nmodel.gradient_checkpointing_enable()\nmodel.enable_input_require_grads()"


UNTESTED = ("boft", "ln_tuning")
"""Of these PEFT's benchmark says nothing: one factor is OFT, and one run learned no format."""

SEARCH = "none is recorded here for this method; it has to be searched."


def rate(m: Method) -> str:
    """Return what is known of a method's learning rate: at which ones PEFT's benchmark ran it."""
    assert isinstance(m.peft, Peft)
    kind = m.peft.config.removesuffix("Config").upper()
    with (ROOT / "docs/data/peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
        runs = [
            run
            for run in csv.DictReader(file)
            if run["survey_entry"] == str(m.number) and run["peft_type"].replace("_", "") == kind
        ]
    if not runs or m.slug in UNTESTED:
        return SEARCH
    rates = sorted({float(run["lr"]) for run in runs})
    best = max(runs, key=lambda run: float(run["test_accuracy"]))["lr"]
    if len(rates) == 1:
        return f"PEFT's benchmark ran it at {_power(rates[0])} alone; search around it."
    ran = ", ".join(map(_power, rates[:-1]))
    return (
        f"PEFT's benchmark ran it at {ran} and {_power(rates[-1])}, "
        f"best at {_power(float(best))}; search around it."
    )


def _power(value: float) -> str:
    """Return a rate as it is written in configurations.

    >>> _power(0.0001), _power(0.3)
    ('1e-4', '0.3')
    """
    return f"{value:g}" if value >= 0.1 else f"{value:.0e}".replace("e-0", "e-")


def config(m: Method) -> str:
    """Return the configuration of a method, with a slot for its targets."""
    assert isinstance(m.peft, Peft)
    arguments = {"task_type": "CAUSAL_LM", **RECIPES[m.slug].arguments}
    lines = [f"    {n}={SLOT if v == SLOT else _literal(v)}," for n, v in arguments.items()]
    return "\n".join((f"{m.peft.config}(", *lines, ")"))


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value).replace("'", '"')


def recipe(m: Method, model: str, bits: int, targets: str, checkpointing: bool) -> str:
    """Return a whole recipe.

    Args:
        m: A method that has one.
        model: What the model is called where it is loaded from.
        bits: In how many bits its weights are kept, one of `BITS`.
        targets: Which weights are adapted, where the method leaves that to its user.
        checkpointing: Whether activations are computed again instead of kept.
    """
    assert isinstance(m.peft, Peft)
    few = bits < 16
    names = list(RECIPES[m.slug].targets or NAMES[targets])
    prepare = KBIT if few else CHECKPOINTING if checkpointing else ""
    classes = [
        m.peft.config,
        "get_peft_model",
        *(["prepare_model_for_kbit_training"] if few else []),
    ]
    slots = {
        "classes": ", ".join(classes),
        "loaders": "AutoModelForCausalLM" + (", BitsAndBytesConfig" if few else ""),
        "model": model,
        "quantised": QUANTISED[bits],
        "prepare": prepare,
        "config": config(m),
        "targets": _literal(names),
        "checkpointing": str(checkpointing),
        "notes": RECIPES[m.slug].notes if bits in RECIPES[m.slug].noted else "",
        "rate": rate(m),
    }
    text = LOAD
    for name, value in slots.items():
        text = text.replace(f"<{name}>", value)
    return text


def data(catalog: Catalog) -> dict[str, Any]:
    """Return the pieces of all recipes for a page, and how many parameters each trains."""
    methods = {
        slug: {
            "class": m.peft.config,
            "config": config(m),
            "targets": about.targets,
            "bits": about.bits,
            "why": about.why,
            "knobs": knobs(m),
            "notes": {bits: about.notes for bits in about.noted},
            "rate": rate(m),
            "weight": about.weight and parse(about.weight)[0],
            "model": about.model and parse(about.model)[0],
        }
        for slug, about in RECIPES.items()
        if isinstance((m := catalog.methods[slug]).peft, Peft)
    }
    pieces = {
        "load": LOAD,
        "quantised": QUANTISED,
        "kbit": KBIT,
        "checkpointing": CHECKPOINTING,
        "names": NAMES,
        "methods": methods,
    }
    return {"recipes": pieces}


def knobs(m: Method) -> dict[str, Any]:
    """Return the knobs that a recipe sets, as the method's module calls them."""
    assert isinstance(m.peft, Peft)
    given = RECIPES[m.slug].arguments
    own = core.knobs(core.load(m.modules[0]))
    named = {name: name for name in own} | m.peft.knobs
    found = {knob: given[argument] for argument, knob in named.items() if argument in given}
    return {k: v for k, v in found.items() if not isinstance(v, str) or v in own[k].options}


def trained(m: Method, model: Model, targets: str) -> int:
    """Return how many parameters PEFT trains with a recipe."""
    about = RECIPES[m.slug]
    if about.model:
        return sizes(about.model, **model._asdict())[0]
    if about.weight:
        places = model.places("weight", targets)
        return sum(n * sizes(about.weight, d_out=a, d_in=b)[0] for a, b, n in places)
    return count(core.load(m.modules[0]), model, targets, **knobs(m))

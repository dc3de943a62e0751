"""A reader's adapter as PEFT saves it: which tensors belong together, and what each layer's are.

`layers` pairs the tensors of a file by their names and reads the settings beside it; `measured`
takes the arrays of one layer and returns the singular values of its change.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters_np.linalg import Array
from demos.adapter_kinds import KINDS, Kind, Shapes, shaped

PREFIX = "base_model.model."
"""The prefix that PEFT puts before the names of the model's modules."""

SUBTRACTING = ("pissa", "olora", "corda", "lora_ga", "mica", "loftq")
"""Starts that take their first B A out of the base model."""

OTHER_FORMS = (
    *("use_qalora", "use_bdlora", "kasa_config", "monteclora_config"),
    "target_parameters",  # factors of experts are stacked
)
"""Settings of LoRA under which its change is not s B A."""

POINTER = "version https://git-lfs.github.com/"
"""How a file of Git LFS begins that was not fetched."""

TERMS = "num_cayley_neumann_terms"

READ = ", ".join(KINDS)

Config = dict[str, Any]


# The files ----------------------------------------------------------------------------------------


def layers(tensors: list[dict[str, Any]], config: str | None) -> dict[str, Any]:
    """Return the layers that a file adapts, in the order of the model.

    Args:
        tensors: `name` and `shape` of all tensors in the file.
        config: The text of adapter_config.json, or None where it is not there.

    Returns:
        `title` of the method, `layers` for `measured`, each with the `tensors` that it is made of
        by role, and `notes` on what is assumed or left out.

    Raises:
        ValueError: when names do not pair, shapes do not fit, or the method is not read here.
    """
    shapes = {t["name"]: tuple(t["shape"]) for t in tensors}
    settings = parsed(config)
    name = peft_type(settings, shapes)
    kind = KINDS[name]
    modules: dict[str, dict[str, str]] = {}
    for tensor in shapes:
        if ending := _ending(tensor, kind):
            module = tensor.removesuffix(f".{ending}").removeprefix(PREFIX)
            modules.setdefault(module, {})[kind.endings[ending]] = tensor
    if not modules:
        raise ValueError(_nothing(name, kind, shapes))
    shared = _shared(shapes) if name == "VERA" else {}
    found = [
        _layer(name, module, roles | shared, shapes, settings) for module, roles in modules.items()
    ]
    used = {tensor for layer in found for tensor in layer["tensors"].values()}
    title = "DoRA" if any("m" in layer["tensors"] for layer in found) else kind.title
    found.sort(key=lambda layer: _natural(layer["module"]))
    notes = [*_assumed(name, settings, shared), *_left(kind.title, shapes.keys() - used)]
    return {"title": title, "layers": found, "notes": notes}


def _natural(name: str) -> list[str | int]:
    """Return what sorts layer 2 before layer 10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def parsed(config: str | None) -> Config | None:
    """Return the settings in adapter_config.json.

    Raises:
        ValueError: when the text holds none.
    """
    if config is None:
        return None
    if not config.strip():
        raise ValueError("adapter_config.json is empty.")
    if config.startswith(POINTER):
        raise ValueError(
            "adapter_config.json is a pointer of Git LFS, not the file: fetch it with git lfs pull."
        )
    try:
        settings = json.loads(config)
    except json.JSONDecodeError as error:
        where = f"{error.msg}, line {error.lineno}"
        raise ValueError(f"adapter_config.json is no JSON: {where}.") from None
    if not isinstance(settings, dict) or not isinstance(settings.get("peft_type"), str):
        raise ValueError("adapter_config.json names no peft_type, and without it no method.")
    return settings


def peft_type(settings: Config | None, shapes: Shapes) -> str:
    """Return the name of the method in PEFT, by the settings or else by the tensors' names.

    Raises:
        ValueError: when it is none of `KINDS`, or another form of one.
    """
    if settings is None:
        counts = {name: sum(bool(_ending(t, k)) for t in shapes) for name, k in KINDS.items()}
        best = max(counts, key=lambda name: counts[name])
        if not counts[best]:
            raise ValueError(
                f"{_first(shapes)} is no tensor of an adapter that is read here: {READ}."
            )
        return best
    name = str(settings["peft_type"]).upper()
    if name not in KINDS:
        raise ValueError(f"The adapter is of the type {name}, and what is read here is {READ}.")
    if name == "LORA" and (form := next((f for f in OTHER_FORMS if settings.get(f)), None)):
        raise ValueError(f"{form} is set, and under it LoRA's change is another than s B A.")
    return name


def _ending(tensor: str, kind: Kind) -> str | None:
    return next((ending for ending in kind.endings if tensor.endswith(f".{ending}")), None)


def _first(names: Shapes) -> str:
    return next(iter(names), "Nothing")


def _nothing(name: str, kind: Kind, shapes: Shapes) -> str:
    return (
        f"adapter_config.json says {name}, and no tensor has a name that ends in "
        f"{next(iter(kind.endings))}. The first is {_first(shapes)}."
    )


def _shared(shapes: Shapes) -> dict[str, str]:
    """Return VeRA's two matrices for all layers, where the file has them."""
    ends = {"A": "vera_A", "B": "vera_B"}
    found = {role: t for role, end in ends.items() for t in shapes if t.split(".")[-1] == end}
    if len(found) == 1:
        (there,) = found.values()
        raise ValueError(f"{there} is there, and its partner is not: VeRA has vera_A and vera_B.")
    return found


def _assumed(name: str, settings: Config | None, shared: dict[str, str]) -> Iterator[str]:
    """Yield what is taken for granted."""
    if settings is None:
        yield "There is no adapter_config.json, so the method is read from the names."
        if name == "OFT":
            yield "R is taken to be exact, not a series of some terms."
        if KINDS[name].alpha:
            yield "α is taken to be r, the scale 1: every ΔW may be a multiple of what is shown."
    given = settings or {}
    start = given.get("init_lora_weights")
    if isinstance(start, str) and start.lower().startswith(SUBTRACTING):
        yield (
            f"It started from {start}, which takes the first B A out of the base model. "
            "ΔW is the change from that remainder, not from the model as it was published."
        )
    if name == "VERA":
        yield (
            "A layer with fewer inputs than A has columns takes the first of them. "
            "The file does not say which layers these are; all are taken as wide as A."
            if shared
            else "The shared A and B are not in the file (save_projection), but their seed alone."
        )


def _left(title: str, names: set[str]) -> Iterator[str]:
    """Yield what of the file is not measured.

    Raises:
        ValueError: when some of it belongs to another form of the method.
    """
    for name in sorted(names):
        if re.search(r"\.(lora|hada|lokr|ia3|oft|vera)_(?!B\.bias)", f".{name}"):
            raise ValueError(f"{name} belongs to a form of {title} that is not read here.")
    if names:
        some = ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")
        yield f"Not measured: {len(names)} tensors that no layer's change is made of ({some})."


# A layer ------------------------------------------------------------------------------------------


def _layer(
    name: str, module: str, roles: dict[str, str], shapes: Shapes, settings: Config | None
) -> dict[str, Any]:
    """Return what `measured` needs to know of a layer."""
    kind = KINDS[name]
    for alternatives in kind.needs:
        if not any(set(wanted) <= roles.keys() for wanted in alternatives):
            have = ", ".join(filter(None, (_ending(tensor, kind) for tensor in roles.values())))
            ends = {role: e for e, role in reversed(kind.endings.items())}
            lack = " or ".join(" and ".join(ends[r] for r in wanted) for wanted in alternatives)
            raise ValueError(f"{module} has {have}, and no {lack}: the two belong together.")
    own = {role: shapes[tensor] for role, tensor in roles.items()}
    kind.check(module, own)
    dora = settings.get("use_dora") if settings and name == "LORA" else None
    if dora is not None and bool(dora) != ("m" in own):
        has = "has" if "m" in own else "has no"
        raise ValueError(f"use_dora is {dora}, and {module} {has} lora_magnitude_vector.")
    rank, alpha, scale = _scale(kind, module, own, settings)
    row, column = place(module)
    return {
        "kind": name,
        "module": module,
        "row": row,
        "column": column,
        "tensors": {role: tensor for role, tensor in roles.items() if role != "bias"},
        "shapes": {role: list(shape) for role, shape in own.items()},
        "rank": rank,
        "alpha": alpha,
        "scale": scale,
        "terms": _terms(settings) if name == "OFT" else None,
    }


def place(module: str) -> tuple[str, str]:
    """Return the layer and the matrix that a module's name tells.

    >>> place("model.layers.12.self_attn.q_proj")
    ('model.layers.12', 'self_attn.q_proj')
    >>> place("blocks.0.attn.to_out.0")
    ('blocks.0', 'attn.to_out.0')
    """
    match = re.fullmatch(r"(.*\b\d+)\.(\D.*)", module)
    return (match[1], match[2]) if match else ("", module)


def _scale(
    kind: Kind, module: str, shapes: Shapes, settings: Config | None
) -> tuple[int | None, float | None, float]:
    """Return r, α and the factor of a layer's change."""
    rank = next((shapes[role][0] for role in kind.ranked if role in shapes), None)
    if not kind.alpha or settings is None:
        return rank, None, 1.0
    told = _setting(settings, "rank_pattern", "r", module)
    if rank is not None and told != rank:
        raise ValueError(
            f"{module} has r = {rank} by its tensors and {told} by adapter_config.json: "
            "the two files are not of one adapter."
        )
    alpha = _setting(settings, "alpha_pattern", kind.alpha, module)
    rooted = settings.get("use_rslora") and kind.title == "LoRA"
    return int(told), alpha, alpha / (math.sqrt(told) if rooted else told)


def _setting(settings: Config, pattern: str, field: str, module: str) -> float:
    """Return a number of a layer: by the first pattern that its name ends in, else for all."""
    found, source = settings.get(field), field
    for key, value in (settings.get(pattern) or {}).items():
        try:
            fits = re.match(rf"(.*\.)?({key})$", module)
        except re.error:
            text = f"{pattern} has the key {key!r}, which is no regular expression."
            raise ValueError(text) from None
        if fits:
            found, source = value, f"{pattern}[{key!r}]"
            break
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < math.inf:
        raise ValueError(f"{source} is {json.dumps(found)}, and it has to be a number above 0.")
    return found


def _terms(settings: Config | None) -> int | None:
    """Return after how many terms OFT's series ends, or None for the exact rotation."""
    given = settings or {}
    if not given.get("use_cayley_neumann", False):
        return None
    return int(_setting({TERMS: 5} | given, "", TERMS, ""))


def measured(layer: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """Return what a layer's change is.

    Args:
        layer: One of `layers`.
        arrays: The entries of its tensors by role, row by row.

    Returns:
        `sigma`, its singular values, `norm` (Frobenius), `largest`, `stable_rank`, `share` of the
        first direction, `directions` that hold 90 % of the energy, `of` what these are, `facts`,
        a `note`, and `first`, the unit vectors of the largest among outputs and inputs, where they
        are known. Without what it takes `sigma` is empty, and the note says why.

    Raises:
        ValueError: when an entry is not finite.
    """
    given = shaped(layer, arrays)
    for role, array in given.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{layer['tensors'][role]} has an entry that is not finite.")
    found = KINDS[layer["kind"]].measure(layer, given)
    facts = [list(fact) for fact in found.facts]
    first = found.first and [vector.astype(np.float32) for vector in found.first]
    told = {"of": found.of, "facts": facts, "note": found.note, "first": first}
    return summary(found.sigma) | told


def summary(sigma: Array) -> dict[str, Any]:
    """Return what singular values, descending, say at a glance; None where they are all zero.

    >>> found = summary(np.array([2.0, 1.0, 1.0]))
    >>> found["stable_rank"], round(found["share"], 3), found["directions"]
    (1.5, 0.667, 3)
    """
    energy = sigma**2
    total = float(energy.sum())
    zero = total == 0
    return {
        "sigma": sigma.tolist(),
        "norm": math.sqrt(total) if len(sigma) else None,
        "largest": float(sigma[0]) if len(sigma) else None,
        "stable_rank": None if zero else total / float(energy[0]),
        "share": None if zero else float(energy[0]) / total,
        "directions": None if zero else int((np.cumsum(energy) < 0.9 * total).sum()) + 1,
    }

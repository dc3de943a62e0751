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
from demos.adapter_base import needs, placed
from demos.adapter_kinds import EXTREME, KINDS, Kind, Shapes, shaped, sound

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

MOST_TERMS = 100
"""Terms of OFT's series at most: a block is multiplied once for each."""

FORMS = re.compile(r"\.?(lora|hada|lokr|ia3|oft|vera)_(?!B\.bias)")
"""Where a tensor's name tells that it is an adapter's."""

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
        by role, `failed`, why others are not among them, by module, and `notes` on what is assumed
        or left out.

    Raises:
        ValueError: when the method is not read here, or no layer is.
    """
    shapes = {t["name"]: tuple(t["shape"]) for t in tensors}
    settings = parsed(config)
    name = peft_type(settings, shapes)
    kind = KINDS[name]
    modules: dict[str, dict[str, str]] = {}
    shared = _shared(shapes) if name == "VERA" else {}
    failed: dict[str, str] = {}
    rest = shapes.keys() - shared.values()
    for tensor in shapes:
        if ending := _ending(tensor, kind):
            module = tensor.removesuffix(f".{ending}").removeprefix(PREFIX)
            modules.setdefault(module, {})[kind.endings[ending]] = tensor
            rest.discard(tensor)
        elif tensor in rest and (form := FORMS.search(tensor)):
            module = tensor[: form.start()].removeprefix(PREFIX)
            failed[module] = f"{tensor} belongs to a form of {kind.title} that is not read here."
            rest.discard(tensor)
    if not modules:
        raise ValueError(_nothing(name, kind, shapes))
    given = None if settings is None else Settings(settings)
    found = []
    for module, roles in modules.items():
        try:
            if module not in failed:
                found.append(_layer(name, module, roles | shared, shapes, given))
        except ValueError as error:
            failed[module] = str(error)
    if (given and given.contradicted) or not found:
        raise ValueError((given and given.contradicted) or next(iter(failed.values())))
    wide = len({layer["column"] for layer in found}) > 1
    found.sort(key=lambda layer: _natural(layer["module"]))
    title = "DoRA" if any("m" in layer["tensors"] for layer in found) else kind.title
    return {
        "title": title,
        "layers": [layer | {"wide": wide} for layer in found],
        "failed": failed,
        "notes": [*_assumed(name, settings, shared, wide), *_left(rest)],
    }


_listed: list[dict[str, Any]] = []  # of the file that is open


def opened(tensors: str, config: str | None) -> dict[str, Any]:
    """Open a file in the place of the last one; as `layers`, with their `count` in their place."""
    found = layers(json.loads(tensors), config)
    _listed[:] = found.pop("layers")
    return found | {"count": len(_listed)}


def some(first: int, count: int) -> dict[str, str]:
    """Return some of the layers as JSON, which a browser reads faster than anything else."""
    return {"text": json.dumps(_listed[first : first + count])}


def based(shapes: str) -> dict[str, str]:
    """Return `placed` of all layers as JSON, given the shapes of their weights as JSON."""
    return {"text": json.dumps(placed(_listed, json.loads(shapes)))}


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
        # Python refuses to read whole numbers of thousands of digits
        settings = json.loads(config, parse_int=lambda n: int(n) if len(n) < 300 else float(n))
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
        raise ValueError(
            f"The adapter is of the type {name[:60]}, and what is read here is {READ}."
        )
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


def _assumed(
    name: str, settings: Config | None, shared: dict[str, str], wide: bool
) -> Iterator[str]:
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
            f"It started from {short(start)}, which takes the first B A out of the base model. "
            "ΔW is the change from that remainder, not from the model as it was published."
        )
    if name == "OFT" and given.get("coft"):
        yield "COFT: a block's Q that is longer than eps / √blocks is cut to it, as PEFT does."
    if name == "VERA" and not shared:
        yield "The shared A and B are not in the file (save_projection), but their seed alone."
    elif name == "VERA" and wide:
        yield (
            "The file does not say how many inputs a layer has, and with fewer than A has columns "
            "it takes the first of them. Without the base, ΔW with all of A is shown: ‖ΔW‖ and "
            "its singular values are at most that. With the base they are exact."
        )


def _left(names: set[str]) -> Iterator[str]:
    """Yield what of the file is not measured."""
    if names:
        some = ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")
        yield f"Not measured: {len(names)} tensors that no layer's change is made of ({some})."


# The settings -------------------------------------------------------------------------------------


class Settings:
    """adapter_config.json, as it holds for one layer or another."""

    def __init__(self, given: Config) -> None:
        """Take the settings as they were read.

        Raises:
            ValueError: when a pattern is none.
        """
        self.given, self.contradicted = given, ""
        self.patterns = {name: Pattern(name, given) for name in ("rank_pattern", "alpha_pattern")}
        self.replicated = self._replicated(given.get("layer_replication") or [])

    def number(
        self, field: str, module: str = "", pattern: str = "", most: float = math.inf
    ) -> float:
        """Return a number of a layer, a whole one where there is a most of it.

        It is that of the first pattern that the module's name ends in, else the one for all.
        """
        found: Any = self.given.get(field)
        source = field
        key = self.patterns[pattern].key(module) if pattern else None
        if key is not None:
            found, source = self.given[pattern][key], f"{pattern}[{short(key)}]"
        number = type(found) in (int, float)
        if not number or not 0 < found < math.inf:
            raise ValueError(f"{source} is {short(found)}, and it has to be a number above 0.")
        if most < math.inf and (found > most or found != int(found)):
            rule = f"here it is a whole number up to {most}"
            raise ValueError(f"{source} is {short(found)}, and {rule}.")
        return found

    @staticmethod
    def _replicated(ranges: Any) -> list[tuple[int, int]]:
        def good(pair: Any) -> bool:
            return (
                isinstance(pair, list)
                and [type(end) for end in pair] == [int, int]
                and 0 <= pair[0] < pair[1]
            )

        if not isinstance(ranges, list) or not all(map(good, ranges)):
            raise ValueError(
                f"layer_replication is {short(ranges)}, and it has to be a list of ranges of "
                "layers, such as [[0, 4], [2, 5]]."
            )
        return [(first, end) for first, end in ranges]

    def weight(self, module: str) -> str:
        """Return the module of the base whose weight a layer has: layers may be replicated."""
        match = REPLICATED.match(module)
        if not (match and self.replicated):
            return module
        at = int(match[2])
        for first, end in self.replicated:
            if at < end - first:
                return f"{match[1]}{first + at}{match[3]}"
            at -= end - first
        raise ValueError(f"layer_replication ends before layer {match[2]}, which {module} is in.")


REPLICATED = re.compile(r"(.*?\b(?:layers|encoder\.layer|h)\.)(\d{1,9})(\..*)")
"""A module's name around the number of its layer, as PEFT's replicate_layers counts them."""


class Pattern:
    """The keys of a pattern, of which a layer has the first that its name ends in, as in PEFT."""

    def __init__(self, name: str, given: Config) -> None:
        """Read the keys as regular expressions.

        Raises:
            ValueError: when these are no keys, or no regular expression.
        """
        keys = given.get(name) or {}
        if not isinstance(keys, dict):
            raise ValueError(f"{name} is {short(keys)}, and it has to be an object.")
        self.rules = {}
        for key in keys:
            try:
                self.rules[key] = re.compile(rf"(.*\.)?({key})$")
            except (re.error, OverflowError, RecursionError):
                rule = "which is no regular expression"
                raise ValueError(f"{name} has the key {short(key)}, {rule}.") from None

    def key(self, module: str) -> str | None:
        return next((key for key, rule in self.rules.items() if rule.match(module)), None)


def short(value: Any) -> str:
    """Return a value of the settings as JSON has it, as far as a sentence takes it."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


# A layer ------------------------------------------------------------------------------------------


def _layer(
    name: str, module: str, roles: dict[str, str], shapes: Shapes, settings: Settings | None
) -> dict[str, Any]:
    kind = KINDS[name]
    for alternatives in kind.needs:
        if not any(set(wanted) <= roles.keys() for wanted in alternatives):
            have = ", ".join(filter(None, (_ending(tensor, kind) for tensor in roles.values())))
            ends = {role: e for e, role in reversed(kind.endings.items())}
            lack = " or ".join(" and ".join(ends[r] for r in wanted) for wanted in alternatives)
            raise ValueError(f"{module} has {have}, and no {lack}: the two belong together.")
    own = {role: shapes[tensor] for role, tensor in roles.items()}
    kind.check(module, own)
    given = settings.given if settings else {}
    dora = given.get("use_dora") if name == "LORA" else None
    if dora is not None and bool(dora) != ("m" in own):
        has = "has" if "m" in own else "has no"
        raise ValueError(f"use_dora is {short(dora)}, and {module} {has} lora_magnitude_vector.")
    rank, alpha, scale = _scale(kind, module, own, settings)
    row, column = place(module)
    embedding = roles.get("A", "").endswith("lora_embedding_A")
    # of one block without settings nobody knows whether it is repeated
    shared = name == "OFT" and (given.get("block_share") if settings else own["R"][0] == 1)
    if shared and own["R"][0] > 1:
        raise ValueError(f"block_share is set, and {module} has {own['R'][0]} blocks of oft_R.")
    layer = {
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
        "eps": settings.number("eps") if settings and name == "OFT" and given.get("coft") else None,
        "shared": bool(shared),
        "weight": settings.weight(module) if settings else module,
        "embedding": embedding,
        "turned": embedding or bool(given.get("fan_in_fan_out")),
        "sides": None,
    }
    return layer | {"needs": needs(layer)}


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
    kind: Kind, module: str, shapes: Shapes, settings: Settings | None
) -> tuple[int | None, float | None, float]:
    """Return r, α and the factor of a layer's change."""
    rank = next((shapes[role][0] for role in kind.ranked if shapes.get(role)), None)
    if not kind.alpha or settings is None:
        return rank, None, 1.0
    given_rank = int(settings.number("r", module, "rank_pattern", 10**9))
    if rank is not None and given_rank != rank:
        settings.contradicted = settings.contradicted or (
            f"{module} has r = {rank} by its tensors and {given_rank} by adapter_config.json: "
            "the two files are not of one adapter."
        )
    alpha = settings.number(kind.alpha, module, "alpha_pattern")
    rooted = settings.given.get("use_rslora") and kind.title == "LoRA"
    scale = alpha / (math.sqrt(given_rank) if rooted else given_rank)
    if not 1 / EXTREME <= scale <= EXTREME:
        raise ValueError(
            f"{kind.alpha} is {alpha:.3g} and r {given_rank}, and a scale is from "
            f"{1 / EXTREME:.0e} to {EXTREME:.0e}."
        )
    return given_rank, alpha, scale


def _terms(settings: Settings | None) -> int | None:
    """Return after how many terms OFT's series ends, or None for the exact rotation."""
    if not settings or not settings.given.get("use_cayley_neumann", False):
        return None
    return int(settings.number(TERMS, most=MOST_TERMS)) if TERMS in settings.given else 5


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
        ValueError: when an entry cannot be computed with.
    """
    given = shaped(layer, arrays)
    for role, array in given.items():
        sound(layer["tensors"][role], array)
    found = KINDS[layer["kind"]].measure(layer, given)
    facts = [list(fact) for fact in found.facts]
    first = found.first and [vector.astype(np.float32) for vector in found.first]
    words = {"of": found.of, "facts": facts, "note": found.note, "first": first}
    return summary(found.sigma) | words


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

"""Declared shapes: for a page that counts parameters, and as formulas that a reader knows."""

from __future__ import annotations

from typing import Any

from adapters_np.core import Adapter, arrays, knobs
from adapters_np.expressions import Expression, evaluate, parse


def counter(cls: type[Adapter]) -> dict[str, Any]:
    """Return what a page needs to count a method's trained parameters."""
    return {
        "place": cls.place,
        "start": {knob.name: knob.default for knob in knobs(cls).values()},
        "arrays": [{"shared": f.shared, "shape": parse(f.shape)} for f in arrays(cls) if f.learned],
    }


# As a reader writes it ----------------------------------------------------------------------------

LETTERS = {"block_size": "b", "rank": "r"}
BRACKETS = {"ceil": ("⌈", "⌉"), "floor": ("⌊", "⌋")}
SUM, PRODUCT, QUOTIENT, WHOLE = range(4)
"""The precedence of a written expression's operator."""


def formula(cls: type[Adapter]) -> str:
    """Return the number of trained parameters as a formula over d_out, d_in and the knobs.

    >>> from adapters_np.core import load
    >>> formula(load("lora")), formula(load("c3a"))
    ('r·d_in + d_out·r', '(d_out/b)·d_in')
    """
    shapes = [_at_defaults(cls, f.shape) for f in arrays(cls) if f.learned]
    products = [[axis for axis in product if axis != 1] for product in shapes if 0 not in product]
    different = [p for i, p in enumerate(products) if p not in products[:i]]
    terms = (_cancelled([products.count(product), *product]) for product in different)
    return " + ".join("·".join(_written(cls, [f for f in t if f != 1])) or "1" for t in terms)


def shape_text(cls: type[Adapter], shape: str) -> str:
    """Return a declared shape as a reader writes it, such as "r × d_in"."""
    axes = _at_defaults(cls, shape)
    return "empty at the defaults" if 0 in axes else " × ".join(_written(cls, axes))


def _at_defaults(cls: type[Adapter], shape: str) -> list[Expression]:
    values = {k.name: k.default for k in knobs(cls).values() if k.kind in ("bool", "choice")}

    def decide(axis: Expression) -> Expression:
        match axis:
            case str(name) if isinstance(values.get(name), bool):
                return int(values[name])
            case ["if", test, body, otherwise]:
                return decide(body if decide(test) else otherwise)
            case ["==" | "!=", str(name), _] if name in values:
                return int(evaluate(axis, values))
            case [operator, *given]:
                given = [decide(part) for part in given]
                if operator == "*" and 0 in given:
                    return 0
                if operator == "*" and 1 in given:
                    return given[given[0] == 1]
                return [operator, *given]
        return axis

    return [decide(axis) for axis in parse(shape)]


def _cancelled(product: list[Expression]) -> list[Expression]:
    """Return the factors of a product without those by which another one is divided."""
    for factor in product:
        for i, other in reversed(list(enumerate(product))):
            match other:
                case ["/" | "//", above, below] if below == factor:
                    rest = [*product[:i], above, *product[i + 1 :]]
                    rest.remove(factor)
                    return rest
    return product


def _written(cls: type[Adapter], product: list[Expression]) -> list[str]:
    """Return the factors of a product as text, in brackets where they need them beside others."""
    letters = LETTERS | {name: k.letter for name, k in knobs(cls).items() if k.letter}

    def held(axis: Expression, least: int) -> str:
        text, strength = write(axis)
        return text if strength >= least else f"({text})"

    def write(axis: Expression) -> tuple[str, int]:
        match axis:
            case [("+" | "-") as sign, left, right]:
                lines = {"+": "+", "-": "−"}
                return f"{held(left, SUM)} {lines[sign]} {held(right, PRODUCT)}", SUM
            case ["*", left, right]:
                return f"{held(left, PRODUCT)}·{held(right, PRODUCT)}", PRODUCT
            case ["/" | "//", above, below]:
                return f"{held(above, PRODUCT)}/{held(below, WHOLE)}", QUOTIENT
            case ["**", base, (2 | 0.5) as power]:
                inside = held(base, WHOLE)
                return f"{inside}²" if power == 2 else f"√{inside}", WHOLE
            case [("ceil" | "floor") as name, inside]:
                opened, closed = BRACKETS[name]
                return f"{opened}{write(inside)[0]}{closed}", WHOLE
            case [("min" | "max") as name, *given]:
                return f"{name}({', '.join(write(part)[0] for part in given)})", WHOLE
            case str(name):
                spaced = name if name in ("d_in", "d_out") else name.replace("_", " ")
                return letters.get(name, spaced), WHOLE
            case int() | float():
                return str(axis), WHOLE
        raise ValueError(f"{axis!r} cannot be written as a formula")

    alone = len(product) == 1
    return [
        text if alone or strength in (PRODUCT, WHOLE) else f"({text})"
        for text, strength in map(write, product)
    ]

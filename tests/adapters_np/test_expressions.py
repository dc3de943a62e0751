"""Expressions have one value, in Python and on a page; a wrong one is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

import pytest

from adapters_np.core import Adapter, Learned, arrays, knobs, load, sizes, slugs
from adapters_np.expressions import OPERATORS, evaluate, parse
from adapters_np.linalg import Array
from scripts.catalog import read
from scripts.catalog.counts import PLACES, TARGETS
from scripts.catalog.memory import FORMULAS, of_peft
from tests.node import printed

SCRIPT = """
import { text } from "node:stream/consumers";
import { evaluate } from "./demos/page/formulas.js";
const cases = JSON.parse(await text(process.stdin));
const answer = ([found, names]) => {
  try {
    return Number(evaluate(found, names));
  } catch (error) {
    return error.message;
  }
};
console.log(JSON.stringify(cases.map(answer)));
"""
SWITCHES = dict.fromkeys(("checkpointing", "chunked", "fused"), (True, False))
GRID = {"bits": (4, 8, 16), **SWITCHES}
SIDES = (1, 7, 64, 4096)


def on_a_page(cases: list[Any]) -> list[Any]:
    """Return what a page makes of expressions: their values, or what is wrong with them."""
    found: list[Any] = printed(SCRIPT, given=json.dumps(cases))
    return found


def expressions() -> Iterator[tuple[str, dict[str, tuple[Any, ...]]]]:
    """Yield every text of the project, and values of its knobs."""
    for slug in slugs():
        own = knobs(load(slug)).values()
        grid = {k.name: tuple({*k.values()[:2], k.default, k.values()[-1]}) for k in own}
        yield from ((field.shape, grid) for field in arrays(load(slug)))
    yield from ((text, GRID) for text in FORMULAS.values())
    places = (*PLACES.values(), *TARGETS.values())
    yield from ((text, SWITCHES) for shapes in places for text in shapes)
    yield from (
        (text, SWITCHES) for r in read().recipes().values() for text in (r.weight, r.model) if text
    )
    told = (text for each in of_peft().values() for text in (each.kept, each.held) if text)
    yield from ((text, {}) for text in told)


def names(found: Any) -> set[str]:
    if isinstance(found, str):
        return {found}
    given = found[1:] if isinstance(found, list) and found[0] != "text" else []
    return {name for part in given for name in names(part)}


@pytest.mark.long
def test_a_page_evaluates_every_expression_of_the_project_as_python_does() -> None:
    cases = [
        (found, dict(zip(used, values, strict=True)))
        for text, grid in expressions()
        for found in parse(text)
        for used in [sorted(names(found))]
        for values in product(*(grid.get(name, SIDES) for name in used))
    ]
    assert len(cases) > 5000
    wanted = [float(evaluate(found, given)) for found, given in cases]
    assert on_a_page(cases) == pytest.approx(wanted, rel=1e-15)


def test_a_page_knows_every_operator() -> None:
    cases = [
        ([sign, *parts], {"a": a, "b": b})
        for sign in OPERATORS
        for parts in [["a"] if sign in ("ceil", "floor") else ["a", "b"]]
        for a, b in product((2, 7, 2.5), (2, 3))
    ]
    assert on_a_page(cases) == [float(evaluate(found, given)) for found, given in cases]


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [
        ("rank; d_in", "'rank; d_in' is no expression: invalid syntax"),
        ("rank, -d_in", "'rank, -d_in' is no expression: '-d_in' is neither"),
        ("rank.real", "'rank.real' is no expression: 'rank.real' is neither"),
        ("open(rank)", r"'open\(rank\)' is no expression: 'open\(rank\)' is neither"),
        ("rank, width", "'rank, width' names width, which has no value"),
    ],
)
def test_a_wrong_shape_is_named(shape: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=f"^{wrong}"):
        sizes(shape, rank=4, d_in=32)


def test_a_wrong_shape_is_found_when_the_arrays_are_read() -> None:
    @dataclass(frozen=True, eq=False)
    class Wrong(Adapter):
        A: Annotated[Array, Learned("rank, d_in or 1")]

    with pytest.raises(ValueError, match="'rank, d_in or 1' is no expression"):
        arrays(Wrong)


def test_a_page_names_what_is_wrong() -> None:
    assert on_a_page([["rank", {}], [["^", 1, 2], {}], ["constructor", {}]]) == [
        "rank has no value",
        '["^",1,2] is no expression',
        "constructor has no value",
    ]

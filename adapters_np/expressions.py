"""Expressions over named values, such as the length of an axis, as data that a page can read.

They are written in Python, `"d_out if output_scale else 0"`. As data, one is a number, a name, or a
list [operator, argument, …], and a text is ["text", value]. That is JSON, of which
demos/page/formulas.js makes the same values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from math import ceil, floor
from typing import Any, TypeAlias

Expression: TypeAlias = "int | float | str | list[Any]"

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Pow: "**",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "**": lambda a, b: a**b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "min": min,
    "max": max,
    "ceil": ceil,
    "floor": floor,
}


@cache
def parse(text: str) -> tuple[Expression, ...]:
    """Return the expressions of a text, which commas separate.

    >>> parse("rank, max(rank, 2) * d_in // 3")
    ('rank', ['//', ['*', ['max', 'rank', 2], 'd_in'], 3])

    Raises:
        ValueError: when something in it is no expression; the error names both.
    """
    try:
        tree = ast.parse(f"({text},)", mode="eval").body
        assert isinstance(tree, ast.Tuple)
        return tuple(map(_read, tree.elts))
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{text!r} is no expression: {error.args[0]}") from None


def _read(node: ast.AST) -> Expression:
    match node:
        case ast.Constant(value=str(text)):
            return ["text", text]
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return name
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]) if type(op) in SIGNS:
            return [SIGNS[type(op)], _read(left), _read(right)]
        case ast.IfExp(test, body, otherwise):
            return ["if", _read(test), _read(body), _read(otherwise)]
        case ast.Call(ast.Name("min" | "max" | "ceil" | "floor" as name), args, []):
            return [name, *map(_read, args)]
    raise ValueError(f"{ast.unparse(node)!r} is neither arithmetic nor a choice by if and else")


def evaluate(found: Expression, names: Mapping[str, Any]) -> Any:
    """Return the value of an expression, given those of its names.

    Raises:
        KeyError: when a name has none.
    """
    if not isinstance(found, list):
        return names[found] if isinstance(found, str) else found
    sign, *given = found
    if sign == "text":
        return given[0]
    if sign == "if":
        test, body, otherwise = given
        return evaluate(body if evaluate(test, names) else otherwise, names)
    return OPERATORS[sign](*[evaluate(part, names) for part in given])


def values(text: str, names: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of the expressions of a text.

    Raises:
        ValueError: when it is no expression, or a name in it has no value; the error names both.
    """
    try:
        return tuple(evaluate(found, names) for found in parse(text))
    except KeyError as error:
        raise ValueError(f"{text!r} names {error.args[0]}, which has no value") from None

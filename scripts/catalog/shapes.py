"""Parameter counts of declared shapes as data that a page can evaluate without Python.

An expression is a number, the name of a knob or side, or a list [operator, argument, …].
"""

from __future__ import annotations

import ast
from typing import Any, TypeAlias

from adapters_np.core import Adapter, arrays, knobs

Expression: TypeAlias = "int | float | str | list[Any]"

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Pow: "**",
    ast.Mod: "%", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=",
}  # fmt: skip


def expression(node: ast.AST) -> Expression:
    """Return a Python expression as data; a text literal is ["text", value].

    >>> expression(ast.parse("max(r, 2) * d_in // b", mode="eval").body)
    ['//', ['*', ['max', 'r', 2], 'd_in'], 'b']

    Raises:
        ValueError: when the shape uses something that a page cannot evaluate.
    """
    match node:
        case ast.Constant(value=str(text)):
            return ["text", text]
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return name
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return [OPERATORS[type(op)], expression(left), expression(right)]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return [OPERATORS[type(op)], expression(left), expression(right)]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ["if", expression(test), expression(body), expression(orelse)]
        case ast.Call(func=ast.Name(id="min" | "max" | "ceil" as name), args=args):
            return [name, *map(expression, args)]
    raise ValueError(f"{ast.unparse(node)!r} cannot be evaluated on a page")


def counter(cls: type[Adapter]) -> dict[str, Any]:
    """Return what a page needs to count a method's trained parameters for any model."""
    learned = []
    for field in (f for f in arrays(cls) if f.learned):
        axes = ast.parse(f"({field.shape},)", mode="eval").body
        assert isinstance(axes, ast.Tuple)
        learned.append({"axes": [expression(a) for a in axes.elts], "shared": field.shared})
    controls = []
    for knob in knobs(cls).values():
        control: dict[str, Any] = {"name": knob.name, "kind": knob.kind, "default": knob.default}
        if knob.kind == "choice":
            control["options"] = list(knob.options)
        elif knob.kind != "bool":
            control |= {"low": knob.low, "high": knob.high, "step": knob.step}
        if any(_names(knob.name, array["axes"]) for array in learned):
            controls.append(control)
    return {"place": cls.place, "arrays": learned, "knobs": controls}


def _names(name: str, found: Any) -> bool:
    return found == name or (isinstance(found, list) and any(_names(name, f) for f in found))

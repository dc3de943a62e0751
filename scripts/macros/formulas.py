"""Declared shapes as a reader writes them, and the number of trained parameters as a formula."""

from __future__ import annotations

import ast
import re
from collections import Counter

from adapters_np.core import Adapter, arrays, knobs

LETTERS = {"block_size": "b", "rank": "r"}


class AtDefaults(ast.NodeTransformer):
    """Decides the conditions of a shape by the defaults of switches and choices."""

    def __init__(self, cls: type[Adapter]) -> None:
        """Keep the defaults of the knobs that are no numbers of a range."""
        self.values = {
            k.name: k.default for k in knobs(cls).values() if k.kind in ("bool", "choice")
        }

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Return the branch that the defaults take."""
        test = eval(ast.unparse(node.test), {"__builtins__": {}}, self.values)
        return self.visit(node.body if test else node.orelse)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Return 1 or 0."""
        return ast.Constant(int(eval(ast.unparse(node), {"__builtins__": {}}, self.values)))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return 1 or 0 for a switch, the name for anything else."""
        value = self.values.get(node.id)
        return ast.Constant(int(value)) if isinstance(value, bool) else node


def _axes(cls: type[Adapter], shape: str) -> list[str]:
    """Return the axes of a declared shape as a reader writes them, at the default switches."""
    letters = LETTERS | {name: k.letter for name, k in knobs(cls).items() if k.letter}
    tree = AtDefaults(cls).visit(ast.parse(f"({shape},)", mode="eval").body)
    axes = []
    for item in tree.elts:
        text = re.sub(r"\w+", lambda m: letters.get(m[0]) or _spaced(m[0]), ast.unparse(item))
        text = re.sub(r"\s*//?\s*", "/", text).replace(" ** 2", "²")
        text = re.sub(r"ceil(\((?:[^()]|\([^()]*\))*\))", lambda m: f"⌈{m[1][1:-1]}⌉", text)
        text = re.sub(r"\b1 \* | \* 1\b", "", re.sub(r"^.*(\* 0\b|\b0 \*).*$", "0", text))
        is_sum = isinstance(item, ast.BinOp) and isinstance(item.op, (ast.Add, ast.Sub))
        text = text.replace(" * ", "·").replace("-", "−")
        several = len(tree.elts) > 1 and not text.startswith("⌈")
        axes.append(f"({text})" if (is_sum or "/" in text) and several else text)
    return axes


def _spaced(name: str) -> str:
    return name if name in ("d_in", "d_out") else name.replace("_", " ")


def shape_text(cls: type[Adapter], shape: str) -> str:
    """Return a declared shape as a reader writes it, such as "r × d_in"."""
    axes = _axes(cls, shape)
    return "empty at the defaults" if "0" in axes else " × ".join(axes)


def formula(cls: type[Adapter]) -> str:
    """Return the number of trained parameters as a formula over d_out, d_in and the knobs.

    >>> from adapters_np.core import load
    >>> formula(load("lora"))
    'r·d_in + d_out·r'
    """
    products = [_axes(cls, f.shape) for f in arrays(cls) if f.learned]
    terms = Counter(
        "·".join(axis for axis in axes if axis != "1") or "1"
        for axes in products
        if "0" not in axes
    )
    text = " + ".join(f"{n}·{term}" if n > 1 else term for term, n in terms.items())
    text = re.sub(r"(?<!\w)(\w+)·\((\w+)/\1\)", r"\2", text)
    return re.sub(r"\((\w+)/(\w+)\)·\2(?!\w)", r"\1", text)

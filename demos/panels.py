"""Panels, which an answer lists: a matrix, a series or a number, ready to be drawn."""

from __future__ import annotations

from typing import Any, NotRequired, TypeAlias, TypedDict

import numpy as np

from adapters_np.linalg import Array
from demos.change import ROUND_OFF

Panel: TypeAlias = dict[str, Any]


class Answer(TypedDict):
    """A widget's answer, with `more` while a fit goes on, after so many of its steps."""

    panels: list[Panel]
    sentence: str
    step: NotRequired[int]
    more: NotRequired[bool]


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(name: str, label: str, value: float, unit: str, note: str) -> Panel:
    return {
        "kind": "number", "name": name, "label": label, "value": float(value),
        "text": figures(value), "unit": unit, "note": note,
    }  # fmt: skip


def figures(value: float) -> str:
    """Return a number as a reader wants it: whole, in three digits, or as round-off.

    >>> figures(1548), figures(0.5), figures(-33.04), figures(99.96)
    ('1,548', '0.500', '−33.0', '100')
    >>> figures(2.46e-5), figures(2e-15)
    ('2.5 · 10⁻⁵', '≈ 0')
    """
    size = abs(value)
    if 0 < size < ROUND_OFF:
        text = "≈ 0"
    elif abs(value - round(value)) < ROUND_OFF or size >= 100:
        text = f"{value:,.0f}"
    elif size < 1e-3:
        factor, _, power = f"{value:.1e}".partition("e-")
        text = f"{factor} · 10⁻{power.lstrip('0').translate(RAISED)}"
    else:
        text = f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")


def digits(value: float) -> str:
    """Return a positive number in two digits, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def view(name: str, label: str, matrix: Array, limit: float) -> Panel:
    """Return a heatmap; a third one may say of which multiples of the first two it is the `sum`."""
    rows, columns = matrix.shape
    values = np.ascontiguousarray(matrix, float).ravel()
    return {
        "name": name, "label": label, "rows": rows, "columns": columns, "values": values,
        "limit": float(limit),
    }  # fmt: skip


def series(
    name: str, title: str, lines: dict[str, Array], x: str = "index", y: str = "singular value",
    **more: Any,
) -> Panel:  # fmt: skip
    """Return a panel of values by index."""
    drawn = [{"label": k, "values": np.ascontiguousarray(v, float)} for k, v in lines.items()]
    return {"kind": "series", "name": name, "title": title, "x": x, "y": y, "lines": drawn} | more


def heatmaps(name: str, title: str, note: str, limit: float, **matrices: Array) -> Panel:
    """Return heatmaps in a row, on one scale."""
    views = [view(label, label.capitalize(), M, limit) for label, M in matrices.items()]
    return {
        "kind": "matrix", "name": name, "title": title, "note": note, "views": views,
    }  # fmt: skip

"""Numbers that others printed of a method and of the same with its hypothesis taken out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.pair import tie
from scripts.survey.facts.records import Loader, Record, References, Slug, Text, validated
from scripts.survey.results.hypothesis import Printed, Sign

FILE = ROOT / "docs" / "data" / "contrasts.yml"


class Row(Record):
    where: Text
    values: tuple[float, float]
    spreads: tuple[float, float] = (0, 0)
    """As printed of both; 0 where none is."""
    range: float = 100
    lower: bool = False

    @property
    def side(self) -> Sign:
        """The side that it takes on the hypothesis; what is level is so by the rubric.

        >>> Row(where="FID", values=(31.1, 29.9), lower=True).side
        'against'
        """
        lead = (self.values[0] - self.values[1]) * (-1 if self.lower else 1)
        side = tie(lead, self.spreads, self.range).side
        return "none" if side == "level" else side


class Contrast(Record):
    """A table's contrast: the hypothesis there, and not there."""

    method: Slug
    control: Text
    kind: Literal["relocated", "relaxed"]
    references: References
    by_authors: bool
    equal: bool
    """True if both have as many parameters."""
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]


@cache
def contrasts(path: Path = FILE) -> tuple[Contrast, ...]:
    data = yaml.load(path.read_text("utf-8"), Loader=Loader)
    return tuple(validated(Contrast, c, f"{path.name}: {c.get('method')}") for c in data)


def printed(method: str) -> list[Printed]:
    return [
        Printed(contrast.references[0].key, row.side, contrast.by_authors)
        for contrast in contrasts()
        if contrast.method == method
        for row in contrast.rows
    ]

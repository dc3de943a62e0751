"""The argument map: a claim in the middle, what speaks for it left, what speaks against right."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from scripts.survey.claims import Argument, Claim

WIDTH, SIDE, MIDDLE = 960, 300, 250
LINE, PAD, GAP = 15, 10, 12
LETTERS = {SIDE: 42, MIDDLE: 32}


class Box(NamedTuple):
    """A box of wrapped text."""

    x: float
    y: float
    width: int
    lines: list[str]
    kind: str
    link: str

    @property
    def height(self) -> float:
        """The height that the lines need."""
        return len(self.lines) * LINE + 2 * PAD

    @property
    def middle(self) -> float:
        """The y of the box's middle."""
        return self.y + self.height / 2

    def svg(self) -> str:
        """Return the box as SVG, as a link where it has one."""
        rows = "".join(
            f'<tspan x="{self.x + PAD}" dy="{LINE if i else 0}">{escape(line)}</tspan>'
            for i, line in enumerate(self.lines)
        )
        box = (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="4"/>'
            f'<text x="{self.x + PAD}" y="{self.y + PAD + 11}">{rows}</text>'
        )
        drawn = f'<g class="{self.kind}">{box}</g>'
        return f'<a xlink:href="{escape(self.link)}">{drawn}</a>' if self.link else drawn


def column(
    evidence: Sequence[Argument], x: float, y: float, kind: str, links: Mapping[str, str]
) -> Iterator[Box]:
    """Yield the boxes of one side, from `y` downwards."""
    for item in evidence:
        lines = textwrap.wrap(item.text.replace(" %", "\N{NO-BREAK SPACE}%"), LETTERS[SIDE])
        box = Box(x, y, SIDE, lines, kind, links.get(item.methods[0], ""))
        yield box
        y += box.height + GAP


def argument_map(claims: Sequence[Claim], links: Mapping[str, str]) -> str:
    """Return the map as inline SVG.

    Args:
        claims: What stands in the middle, each with its two sides.
        links: The address of every method's page, by slug.
    """
    drawn, y = [], 28.0
    for claim in claims:
        left = list(column(claim.supports, 0, y, "for", links))
        right = list(column(claim.against, WIDTH - SIDE, y, "against", links))
        bottom = max(box.y + box.height for box in [*left, *right])
        x = (WIDTH - MIDDLE) / 2
        lines = textwrap.wrap(claim.title, LETTERS[MIDDLE])
        lines.append(f"Verdict: {claim.verdict}")
        centre = Box(x, 0, MIDDLE, lines, "claim", f"#{claim.key}")
        centre = centre._replace(y=(y + bottom - centre.height) / 2)
        for box in left:
            drawn.append(_edge(SIDE, box.middle, x, centre.middle, "for"))
        for box in right:
            drawn.append(_edge(WIDTH - SIDE, box.middle, x + MIDDLE, centre.middle, "against"))
        drawn += [box.svg() for box in [*left, centre, *right]]
        y = bottom + 3 * GAP
    heads = (
        '<text class="head" x="0" y="14">Speaks for it</text>'
        f'<text class="head" x="{WIDTH / 2}" y="14" text-anchor="middle">Claim</text>'
        f'<text class="head" x="{WIDTH - SIDE}" y="14">Speaks against it</text>'
    )
    label = "Argument map of the three claims; the same in words follows below"
    return (
        f'<svg class="argument-map" viewBox="-1 0 {WIDTH + 2} {y - 2 * GAP:.0f}" role="group" '
        f'aria-label="{label}" xmlns="http://www.w3.org/2000/svg">{heads}{"".join(drawn)}</svg>'
    )


def _edge(x0: float, y0: float, x1: float, y1: float, kind: str) -> str:
    bend = (x0 + x1) / 2
    return f'<path class="{kind}" d="M{x0} {y0}C{bend} {y0} {bend} {y1} {x1} {y1}"/>'

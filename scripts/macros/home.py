"""The home page: some bets as tiles."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from adapters_np.core import load, parameters
from scripts.macros.page import Part, catalog, macro
from scripts.macros.stages import drawing

LAYER = (4096, 4096)  # a weight of a model with seven billion parameters
FEW = 6  # pictures on the tile that stands for all others


class Home(Part):
    @macro("list")
    def bets(self, chosen: Mapping[str, str]) -> str:
        """Some methods as tiles with what one sees there, and one that leads to the others."""
        methods = {m.slug: m for m in catalog().survey}
        tiles = [
            (methods[slug], drawing(slug), says, parameters(load(slug), *LAYER))
            for slug, says in chosen.items()
        ]
        others = [slug for slug in methods if slug not in chosen]
        few = [drawing(slug) for slug in others[:FEW]]
        given = (tiles, prod(LAYER), few, len(others))
        return self.page.draw("bets", *given, file="home.html", found=False)

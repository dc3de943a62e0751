"""The table of any number of methods: what its rows say, against what they are read off."""

from __future__ import annotations

import pytest

from scripts.catalog import read
from scripts.catalog.recipes import memory
from scripts.macros.method_table import FIRST, WISH


def test_every_recipe_has_an_estimate_and_nothing_else_has() -> None:
    methods = read().methods
    found = {slug: memory(methods[slug], WISH)["all"] for slug in read().recipes()}
    assert all(15e9 < size < 50e9 for size in found.values())
    assert max(found, key=lambda slug: found[slug]) == "osf"  # holds most weights twice
    with pytest.raises(LookupError, match="reft has no recipe"):
        memory(methods["reft"], WISH)


def test_the_first_rows_are_methods() -> None:
    assert set(FIRST) <= read().methods.keys()
    assert len(FIRST) >= 3

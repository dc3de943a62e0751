"""Pages on the study of later methods: tables, figures, a line for each method."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from scripts.catalog import read
from scripts.macros.experiment import shown
from scripts.macros.later import controls, figure, methods, own_training
from scripts.macros.page import Page
from scripts.survey.later import effect, named, plan


@pytest.mark.parametrize(("arms", "table"), [(False, methods), (True, controls)])
def test_table_and_figure_have_every_complete_entry_the_strongest_first(
    arms: bool, table: Callable[[], str]
) -> None:
    rows = [row for row in table().splitlines()[2:] if "(" in row.split("|")[-2]]
    by_lead = sorted(named(arms), key=lambda name: -effect(name).mean)
    assert all(str(effect(name)) in row for name, row in zip(by_lead, rows, strict=True))
    assert [row.name for row in figure(arms).rows] == [shown(name) for name in by_lead]
    assert by_lead


def test_a_method_s_page_has_each_of_its_modules_beside_lora() -> None:
    page = Page(SimpleNamespace(page=SimpleNamespace(url="methods/hira/", meta={})))
    slugs = {name: plan().entries[name].slug for name in named(False)}
    places = []
    for method in read().methods.values():
        text = own_training(page, method.modules)
        own = [name for name, slug in slugs.items() if slug in method.modules]
        assert all(str(effect(name)) in text for name in own)
        assert bool(text) == bool(own)
        places += own
    assert sorted(places) == sorted(slugs)

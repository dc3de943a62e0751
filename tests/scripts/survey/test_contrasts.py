"""Contrasts that others printed: typed, and read as the rubric reads numbers."""

from __future__ import annotations

import pytest

from scripts.catalog import read
from scripts.survey.results.contrasts import Row, contrasts, printed
from scripts.survey.results.hypothesis import balance


def test_every_source_is_in_the_bibliography_and_every_method_on_the_site() -> None:
    catalog = read()
    modules = {module for m in catalog.methods.values() for module in m.modules}
    for contrast in contrasts():
        assert contrast.method in modules
        assert all(reference.key in catalog.papers for reference in contrast.references)
        assert all(reference.where for reference in contrast.references)


@pytest.mark.parametrize(
    ("values", "range_", "lower", "side"),
    [
        ((80.0, 79.0), 100, False, "for"),
        ((80.0, 80.4), 100, False, "none"),
        ((80.0, 80.5), 100, False, "against"),
        ((0.65, 0.64), 1, False, "for"),
        ((30.0, 29.0), 100, True, "against"),
    ],
)
def test_a_difference_within_the_level_is_none(
    values: tuple[float, float], range_: float, lower: bool, side: str
) -> None:
    assert Row(where="x", values=values, range=range_, lower=lower).side == side


def test_a_difference_no_larger_than_both_printed_spreads_is_none() -> None:
    assert Row(where="x", values=(33.0, 30.0), spreads=(2, 3)).side == "none"
    assert Row(where="x", values=(34.0, 30.0), spreads=(2, 3)).side == "for"


def test_a_source_says_what_most_of_its_rows_say() -> None:
    assert balance(printed("fourierft")) == "for"
    assert balance(printed("oft")) == "none"
    assert balance(printed("psoft")) == "for"
    assert balance(printed("shira")) == "none"
    assert balance(printed("ssvd")) == "none"
    assert balance(printed("lora")) == "open"

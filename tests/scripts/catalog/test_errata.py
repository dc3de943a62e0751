"""Corrections to the source survey: sorted or withdrawn."""

from __future__ import annotations

import csv
import io
from contextlib import nullcontext

import pytest
from pydantic import ValidationError

from scripts.catalog import read
from scripts.catalog.errata import errata_csv
from scripts.survey.sources.errata import Erratum


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ({"kind": "number", "severity": "slight"}, True),
        ({"withdrawn": "It was right."}, True),
        ({}, False),
        ({"kind": "number"}, False),
        ({"kind": "number", "severity": "slight", "withdrawn": "It was right."}, False),
        ({"kind": "opinion", "severity": "slight"}, False),
    ],
)
def test_a_correction_is_sorted_or_withdrawn(given: dict[str, str], right: bool) -> None:
    fields = {"says": "One.", "correct": "Two.", "source": "hu2022lora"} | given
    with nullcontext() if right else pytest.raises(ValidationError):
        assert Erratum.model_validate(fields).says == "One."


def test_a_page_counts_what_stands_and_the_table_has_all() -> None:
    catalog = read()
    rows = list(csv.DictReader(io.StringIO(errata_csv(catalog))))
    for m in catalog.methods.values():
        own = [row for row in rows if row["method"] == m.slug]
        assert len(own) == len(m.errata)
        assert len(m.corrections) == sum(not row["withdrawn"] for row in own)

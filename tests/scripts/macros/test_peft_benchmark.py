"""The plots of PEFT's benchmark: whose runs they show, and under which name."""

from __future__ import annotations

import pytest

from scripts.catalog import read
from scripts.macros.peft_benchmark import NAMES, Link, plot
from scripts.survey.facts.peft import SUITES, Key, runs


def links() -> dict[Key, Link]:
    return {m.runs: Link(m.url, m.title) for m in read().methods.values()}


def test_names_are_those_of_runs_that_are_no_page_s() -> None:
    assert {run.tuner for s in SUITES for run in runs(s) if run.key not in links()} == NAMES.keys()


def test_a_run_with_neither_a_page_nor_a_name_stops_the_build() -> None:
    [nobody] = {run.key for run in runs("metamathqa") if run.tuner == "HIRA"}
    without = {key: link for key, link in links().items() if key != nobody}
    with pytest.raises(LookupError, match=r"HIRA has neither a page nor a name in NAMES"):
        plot(without)

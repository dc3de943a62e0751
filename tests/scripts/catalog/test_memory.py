"""The estimate of memory against what PEFT's benchmark measured."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

from scripts.catalog import read
from scripts.catalog.counts import MEASURED, SIDES, START
from scripts.catalog.memory import GIB, STATES, beside, estimate, held, kept, of_peft
from scripts.catalog.recipes import SLOT, keeps
from scripts.survey.facts.peft import runs
from tests.parity.kept import INNER

RECORDED = json.loads((Path(__file__).parents[2] / "parity" / "kept.json").read_text("utf-8"))


FORMS = ("dora", "bat", "para")
"""Forms of a method that keep something else, as the names of experiments tell them."""


def memory_errors() -> dict[str, float]:
    """Return by what share the estimate is off for each run that adapts linear weights."""
    tokens = 4 * 768
    given = {
        **MEASURED._asdict(),
        **{"bits": 16, "linear": 0, "state": STATES["AdamW"], "tokens": tokens},
        **{"checkpointing": False, "chunked": False},
    }
    found = {}
    for run in runs("metamathqa"):
        names = run.modules.split("+")
        if not set(names) <= SIDES.keys():
            continue
        words = run.setting.split("-")
        form = next((f"{run.tuner} {form}" for form in FORMS if form in words), run.tuner)
        more = {
            "kept": kept(form, MEASURED, names, tokens, run.size),
            "held": held(form, MEASURED, names, run.size),
            "trained": run.parameters,
        }
        found[run.label] = estimate({**given, **more})["all"] / (GIB * run.memory) - 1
    return found


def test_the_estimate_is_near_every_measured_run() -> None:
    off = memory_errors()
    assert len(off) >= 50
    assert mean(map(abs, off.values())) <= 0.04
    assert {run: error for run, error in off.items() if error < -0.05} == {}
    assert max(off.values()) < 0.15


def given(**changes: object) -> dict[str, object]:
    start = {
        "bits": 16, "linear": 7 * 10**9, "state": 8, "tokens": 1024, "kept": 0, "held": 0,
        "trained": 0, "checkpointing": False, "chunked": False,
    }  # fmt: skip
    return {**START._asdict(), **start, **changes}


def test_the_larger_of_two_peaks_counts_and_each_choice_saves_what_it_should() -> None:
    whole = estimate(given())
    assert whole["all"] == whole["loss"] > whole["backward"]
    assert whole["loss"] == whole["weights"] + whole["stored"] + whole["logits"]
    saving = estimate(given(checkpointing=True))
    assert saving["stored"] < whole["stored"] / 10
    chunked = estimate(given(checkpointing=True, chunked=True))
    assert chunked["logits"] < saving["logits"] / 10
    assert chunked["all"] == chunked["backward"] > chunked["loss"]
    four = estimate(given(bits=4))["weights"]
    assert 3.5 * 10**9 < four < whole["weights"] / 2
    assert estimate(given(trained=GIB))["adapter"] == 16 * GIB
    assert estimate(given(tokens=2048))["logits"] == 2 * whole["logits"]


KEPT = {name for name, told in of_peft().items() if told.kept}


@pytest.mark.parametrize("name", sorted(KEPT & RECORDED["kept"].keys()))
def test_what_peft_keeps_is_what_is_counted(name: str) -> None:
    """A formula may leave out what is small, such as an axis of the rank, but nothing large."""
    for about in RECORDED["kept"][name]:
        model = START._replace(**{name: about[name] for name in ("hidden", "queries")})
        found = kept(name, model, ["q_proj"], about["tokens"], about["rank"])
        small = about["tokens"] * 16 * max(about["rank"], 16) + 900 * (model.hidden + model.queries)
        assert abs(found - about["bytes"]) <= small, about


def test_a_method_that_nobody_has_read_off_peft_is_no_method_that_keeps_nothing() -> None:
    with pytest.raises(LookupError, match=r"What 'FORGOTTEN' keeps is missing"):
        kept("FORGOTTEN", START, ["q_proj"], 1024)
    assert kept("FORGOTTEN", START, [], 1024) == 0


def test_every_method_with_a_recipe_says_what_it_keeps() -> None:
    methods = read().methods
    adapting = {
        slug for slug, about in read().recipes().items() if SLOT in about.arguments.values()
    }
    assert {keeps(methods[slug]) for slug in adapting} <= KEPT
    assert KEPT - RECORDED["kept"].keys() <= {"OSF"}


def test_what_peft_keeps_beside_whole_layers_is_what_is_counted() -> None:
    for about in RECORDED["beside"]["SHADOW"]:
        shape = {**about, "queries": about["hidden"], "keys": about["hidden"], "inner": INNER}
        found = beside("SHADOW", {**shape, "vocabulary": 0, "chunked": False})
        assert found == pytest.approx(about["bytes"], rel=0.04), about


def test_trained_tokens_take_the_table_once_more_where_it_is_the_head() -> None:
    [run] = (run for run in runs("metamathqa") if run.tuner == "TRAINABLE_TOKENS")
    more = {"bits": 16, "linear": 0, "tokens": 4 * 768, "trained": run.parameters}
    shape = {**MEASURED._asdict(), **more}
    whole = estimate(given(**shape, held=beside("TRAINABLETOKENS", shape)))["all"] / GIB
    assert run.memory == pytest.approx(whole, rel=0.02)
    assert beside("TRAINABLETOKENS", {**shape, "tied": False}) == 0

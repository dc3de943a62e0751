"""The study of controls: its plan, and what follows from its table."""

from __future__ import annotations

import numpy as np
import pytest

from adapters_np.control import controls
from scripts.bootstrap import ROOT
from scripts.studies import decoder, training
from scripts.studies.adapting import Adapted
from scripts.studies.controls import study
from scripts.studies.entries import entries
from scripts.studies.training import Run
from scripts.survey.results import controls as survey
from scripts.survey.results.controls import AGAIN, comparisons, plan
from scripts.survey.results.hypothesis import decide, judge
from tests.scripts.studies.small import BASE
from tests.scripts.studies.test_experiment import texts as texts  # a fixture

PAGE = (ROOT / "docs" / "how-it-was-done.md").read_text("utf-8")
OF_ALL = [entry for entry in entries().values() if entry.control and AGAIN not in entry.control]

# The plan -----------------------------------------------------------------------------------------


@pytest.mark.long
def test_what_pages_are_told_of_who_is_trained_is_so() -> None:
    told = {(e.method, e.control): e for e in survey.entries()}
    now = {(e.method, e.control): e for e in entries().values() if AGAIN not in e.control}
    assert told.keys() == now.keys()
    for (method, control), entry in told.items():
        assert entry.parameters == told[method, ""].parameters
        if control:
            kind = controls(entry.slug)[control]
            assert (entry.kind, entry.claim) == (kind.kind, kind.claim)
            adapted = Adapted(now[method, control].trains, BASE)
            assert decoder.count(adapted.start(11).learned) == entry.parameters
    assert told["ia3", ""].parameters == told["entries 2304", ""].parameters == 2304
    assert told["ln_tuning", ""].parameters == told["entries 576", ""].parameters == 576
    assert told["oft 16", "symmetric generators"].reached == told["oft 16", ""].reached


# The study ----------------------------------------------------------------------------------------


def test_a_control_begins_at_its_methods_rate_and_each_base_near_the_firsts() -> None:
    at = study().at
    for method in ("delora 4", "miss 8", "svft 6"):
        own = at[method, "", "prose", "0", "400"]
        for control in (e.control for e in OF_ALL if e.method == method):
            assert at[method, control, "prose", "0", "400"].guess == own.guess
        further = at[method, "", "prose", "2", "400"]
        assert (further.near, further.first) == (own.where, plan().further_first)
    assert at["full", "", "code", "0", "400"].guess == -10


def drawn(rng: np.random.Generator, leads: dict[str, float], task: str) -> list[survey.Run]:
    """Return runs in which full fine-tuning improves by 2 and methods lead their controls."""
    found = []
    for base in range(3):
        for entry in survey.entries():
            if survey.floor(entry.method):
                continue
            lead = 0.0 if entry.control else leads.get(entry.method, 0.0)
            size = 2.0 if entry.method == "full" else 1.5 + lead
            off = rng.normal(0, 0.004)
            found += [
                survey.Run(
                    entry.method, entry.control, task, base, seed, "final",
                    5.0 - size + off + rng.normal(0, 0.005), 5.0,
                )
                for seed in plan().seeds
            ]  # fmt: skip
    return found


def test_a_planted_lead_becomes_a_word_and_nothing_does_not() -> None:
    rng = np.random.default_rng(0)
    runs = [
        r for task in ("code", "prose") for r in drawn(rng, {"oft 16": 0.1, "hra 8": -0.1}, task)
    ]
    judged = judge(comparisons(survey.grouped(runs)))
    words = {
        method: decide([j for j in judged if j.comparison.method == method]).word
        for method in {j.comparison.method for j in judged}
    }
    assert words.pop("oft 16") == "holds"
    assert words.pop("hra 8") == "worse"
    # Where the hypothesis says that a choice does not matter, to be equal is for it.
    level = {e.method for e in survey.entries() if e.claim == "level"}
    assert level == {"shira 0.094", "vera", "randlora 6"}
    others = {word for method, word in words.items() if method not in level}
    assert others <= {"no better than its control", "cannot be told"}
    (lead,) = (
        j for j in judged if j.comparison.control == "shuffled" and j.comparison.method == "oft 16"
    )
    assert lead.overall.mean == pytest.approx(0.05, abs=0.01)


def test_the_page_says_the_rule_that_the_code_has() -> None:
    for word in ("holds", "holds in part", "worse", "no better than its control", "cannot be told"):
        assert f"| *{word}* |" in PAGE
    for outcome in ("equal", "ahead", "behind", "not resolved"):
        assert f"| *{outcome}* |" in PAGE


# Training -----------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.weekly
@pytest.mark.usefixtures("texts")
def test_a_method_leads_its_control_where_its_own_form_was_planted() -> None:
    ends = {}
    for name in ("ia3", "ia3: rotated", "ia3: rotated" + AGAIN):
        made = entries()[name].trains
        ends[name] = training.run(Run(made, "teacher ia3", 0.03, 11, steps=60))["test"]
    own, control, again = ends.values()
    assert own < control - 3 * abs(control - again)

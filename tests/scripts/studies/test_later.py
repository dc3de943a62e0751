"""The study of methods beyond the survey: its plan, its rows, and what is said of it."""

from __future__ import annotations

import pytest

from adapters_np.control import controls
from scripts.studies import training
from scripts.studies.adapting import Adapted, Method
from scripts.studies.decoder import count
from scripts.studies.later import settings, study, train
from scripts.studies.pretrain import base
from scripts.studies.study import Run
from scripts.survey.results import experiment, later
from scripts.survey.results.later import plan


def method(name: str) -> Method:
    return settings(Run((name,), 0, 0, ""), 1.0).method


@pytest.mark.parametrize("name", plan().entries)
def test_an_entry_starts_with_about_the_parameters_of_what_it_is_judged_beside(name: str) -> None:
    entry = plan().entries[name]
    assert bool(entry.arm) == (entry.like in plan().entries)
    assert not entry.arm or entry.arm in controls(entry.slug)
    found = count(Adapted(method(name), base()[0]).start(1).learned)
    if entry.like in plan().entries:
        assert found == count(Adapted(method(entry.like), base()[0]).start(1).learned)
    else:
        size = next(iter(experiment.finals(entry.like).values())).parameters
        assert 0.85 < found / size < 1.15


def test_a_method_is_judged_beside_lora_and_a_control_under_its_method() -> None:
    assert later.effect("hira 4").mean == pytest.approx(-1.25, abs=0.05)
    assert later.effect("bottleneck 35, without bends").word == "ahead"  # of its control


def test_an_improvement_is_a_share_of_full_fine_tunings(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"test": 2.5, "held": 3.5, "start_test": 4.0, "start_held": 3.0}
    monkeypatch.setattr(training, "run", lambda _: made)
    run = Run(("hira 4",), -3, 2, "final")
    row = study().row(run, train(settings(run, 0.03)))
    assert (row["method"], row["slug"], row["knobs"]) == ("hira 4", "hira", "rank=4")
    assert float(row["improvement"]) == pytest.approx(1.5 / (100 * later.point()), rel=1e-5)
    assert row["forgetting"] == "0.5"

"""The study of methods beyond the survey: its plan, its rows, and what is said of it."""

from __future__ import annotations

import pytest

from scripts.studies import training
from scripts.studies.later import settings, study, train
from scripts.studies.study import Run
from scripts.survey.results import later


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

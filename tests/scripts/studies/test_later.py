"""The study of methods beyond the survey: its plan, what is due, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import pytest

from adapters_np.control import controls
from scripts.studies import later as study
from scripts.studies.adapting import Adapted, Method
from scripts.studies.decoder import Hooks, count
from scripts.studies.later import Cell
from scripts.studies.pretrain import base
from scripts.studies.tasks import surprise, task
from scripts.survey.results import experiment, later
from scripts.survey.results.later import plan


def method(name: str) -> Method:
    return Cell(name).run(0, 0, "").method


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


@pytest.mark.long
def test_a_bottleneck_behind_a_block_starts_as_the_model_and_then_changes_it() -> None:
    p, (batch, *_) = base()[0], task("code").test[None, :2]
    adapted = Adapted(method("bottleneck 35"), p)
    learned, frozen = adapted.start(1)

    def loss(learned: Any) -> Any:
        return surprise(*adapted.apply(p, learned, frozen), None, batch)

    plain = float(surprise(p, Hooks(), None, batch))
    before, slope = jax.value_and_grad(loss)(learned)
    assert float(before) == pytest.approx(plain, abs=1e-6)
    after = loss(jax.tree.map(lambda a, g: a - 0.1 * g, learned, slope))
    assert after < before - 1e-4


def test_a_sweep_comes_before_the_seeds_and_what_is_done_is_not_due() -> None:
    cell, done = Cell("hira 4"), dict[str, dict[str, Any]]()
    losses = {-4: 2.0, -3: 1.0, -2: 1.5}
    first = study.due(cell, done)
    assert [(run.rate, run.phase) for run in first] == [
        (round(10 ** (k / 2), 9), "sweep") for k in losses
    ]
    for run, value in zip(first, losses.values(), strict=True):
        done[run.key] = {"validation": value, "status": "done"}
    then = study.due(cell, done)
    assert {run.rate for run in then} == {round(10**-1.5, 9)}
    assert [run.seed for run in then] == list(plan().seeds)
    done[then[0].key] = {"validation": 1.0, "status": "done"}
    assert len(study.due(cell, done)) == len(plan().seeds) - 1


def test_a_method_is_judged_beside_lora_and_a_control_under_its_method() -> None:
    assert later.effect("hira 4").mean == pytest.approx(-1.25, abs=0.05)
    assert (
        later.effect("bottleneck 35, without bends").word == "ahead"
    )  # the method, of its control


def test_a_row_is_read_as_the_run_that_it_tells_of() -> None:
    cell = Cell("hira 4")
    run = cell.run(-3, 2, "final")
    start = {"validation": 4.0, "test": 4.0, "held": 3.0}
    made = {
        "method": {"slug": "hira", "knobs": [["rank", 4]], "place": "all", "arm": ""},
        **{name: getattr(run, name) for name in ("task", "base", "width", "batch", "steps")},
        **{"rate": run.rate, "seed": 2, "phase": "final", "validation": 2.5, "test": 2.5},
        **{"held": 3.5, "sibling": 2.75, "start": start, "curve": [[2.5, 3.5]] * 10},
        **{"parameters": 18432, "status": "done", "seconds": 20.0, "key": run.key},
    }
    (row,) = study.rows({run.key: made})
    assert (row["method"], row["slug"], row["knobs"]) == ("hira 4", "hira", "rank=4")
    assert float(row["improvement"]) == pytest.approx(1.5 / (100 * later.point()), rel=1e-4)
    other = replace(run, seed=3)
    assert study.rows({other.key: made | {"key": other.key}})[0]["key"] == other.key

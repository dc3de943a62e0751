"""The study of adding what two tasks have changed: merges, runs, and rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from demos.reach import elsewhere
from scripts.studies import encoder, english_training
from scripts.studies import merging as study
from scripts.studies.encoder import KINDS
from scripts.studies.english_training import Change, End
from scripts.studies.merging import Settings
from scripts.survey.facts.reader import rows
from scripts.survey.results import english, merging
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART
from tests.scripts.studies.conftest import Put
from tests.scripts.studies.test_english import small as small  # a fixture

SMALL = encoder.random(0)

# Changes ------------------------------------------------------------------------------------------


def drawn(seed: int) -> Change:
    rng = np.random.default_rng(seed)
    return {kind: rng.normal(size=SMALL[kind].shape) for kind in KINDS}


def lengths(change: Change) -> list[float]:
    return [float(np.linalg.norm(change[kind])) for kind in KINDS]


def test_changes_are_added_matrix_by_matrix() -> None:
    one, other = drawn(1), drawn(2)
    whole = study.added([one, other], "sum", 1.0, 0)
    pruned = study.added([one, other], "magnitude", 0.25, 0)
    for kind in KINDS:
        np.testing.assert_allclose(whole[kind], one[kind] + other[kind])
        for D, E, both in zip(one[kind], other[kind], pruned[kind], strict=True):
            left = np.count_nonzero(both)
            assert D.size // 4 <= left <= 2 * (D.size // 4)
            assert abs(both).max() >= max(abs(D).max(), abs(E).max()) * 0.5
    again = study.added([one, other], "dare", 0.25, 0)
    np.testing.assert_array_equal(again["up"], study.added([one, other], "dare", 0.25, 0)["up"])
    assert np.abs(again["up"] - study.added([one, other], "dare", 0.25, 1)["up"]).max() > 0


def test_controls_keep_what_they_should() -> None:
    own = drawn(1)
    order, turned = study.each(study.shuffled, own, 0), study.each(elsewhere, own, 0)
    assert lengths(order) == pytest.approx(lengths(own))
    assert lengths(turned) == pytest.approx(lengths(own))
    for kind in KINDS:
        np.testing.assert_allclose(
            np.sort(order[kind].reshape(len(own[kind]), -1)),
            np.sort(own[kind].reshape(len(own[kind]), -1)),
        )
        one, other = (np.linalg.svd(D[kind], compute_uv=False) for D in (own, turned))
        np.testing.assert_allclose(one, other, atol=1e-9)
        for moved in (order, turned):
            cosine = (moved[kind] * own[kind]).sum() / (own[kind] ** 2).sum()
            assert abs(cosine) < 0.2
    both = study.compared("shuffled", drawn(2), own, 0)
    np.testing.assert_allclose(both["up"], drawn(2)["up"] + order["up"])


# Runs ---------------------------------------------------------------------------------------------


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, small: None) -> None:
    """Put runs that have changed little and kept the probe's heads in the place of the real."""

    def tuned(task: str, seed: int) -> End:
        change = {kind: 1e-9 * a for kind, a in drawn(seed).items()}
        return End(change, english_training.base(task).head)

    monkeypatch.setattr(study, "tuned", tuned)


@pytest.mark.long
def test_what_changes_nothing_leaves_the_probe(planted: None) -> None:
    tasks, (seed, *_) = merging.plan().tasks, merging.plan().seeds
    made = list(study.run(Settings("sum", 1.0, seed, (0.4, 0.7))))
    for row in made:
        start = english_training.untrained(row["task"])
        assert float(row["loss"]) == pytest.approx(start[f"{row['part']}_loss"], abs=1e-5)
    assert [row["task"] for row in made[-2:]] == [*tasks]
    assert made[-1]["part"] == "test"
    scale = made[-1]["scale"]
    for way in ("none", "alone", "shuffled", "turned"):
        found = list(study.run(Settings(way, 1.0, seed, (scale,))))
        assert [(row["task"], row["part"]) for row in found] == [(task, "test") for task in tasks]
    assert len(list(study.run(Settings("negated", 1.0, seed, (-1.0,))))) == 4


def test_what_has_the_strength_of_the_sum_waits_for_it() -> None:
    own = merging.plan()
    assert not {way for (way, *_), _ in study.due({})} & {"alone", "shuffled", "turned"}
    first = Settings("sum", 1.0, own.seeds[0], own.scales)
    done = {first.where: [{"part": "test", "scale": "0.7"}]}
    (alone,) = (where for where, _ in study.due(done) if where[0] == "alone")
    assert alone == Settings("alone", 1.0, own.seeds[0], (0.7,)).where


# Rules --------------------------------------------------------------------------------------------

Share = Callable[[str, str, int], float]
Table = Callable[..., None]


@pytest.fixture
def table(put: Put) -> Table:
    """Put a table in place in which ways keep what a function says, in per cent of a run's own."""

    def written(share: Share, right: Callable[[str, str], float] = lambda task, of: 0.5) -> None:
        rows = list[dict[str, Any]]()
        tasks = merging.plan().tasks
        for way, seed, task in product(merging.plan().ways, merging.plan().seeds, tasks):
            run = english.finals("full", task)[seed]
            loss = run.start_test_loss - english.fall(run) / 100 * share(way.name, task, seed)
            for of in tasks if way.way == "negated" else ("",):
                about = (way.way, way.density, seed, 1, "test", task, of, loss, right(task, of))
                rows.append(dict(zip(study.COLUMNS, about, strict=False)))
        put(merging, study.COLUMNS, rows)

    return written


@pytest.mark.parametrize(
    ("rule", "of", "words"),
    [
        (merging.adds, "definitions", {0: HOLDS, -35: NOT, -5: OPEN}),
        (merging.meets, "sum", {-9: "more than chance", 9: "less than chance", 0: "level"}),
        (partial(merging.ahead, "ties 0.2"), "ties", {9: "ahead", -9: "behind", 0: "level"}),
    ],
)
def test_what_is_kept_gives_the_word(
    table: Table, rule: Callable[[], str], of: str, words: dict[int, str]
) -> None:
    """`of` is the task or the way that keeps so much more than the others."""
    for gap, word in words.items():

        def share(way: str, task: str, seed: int, gap: int = gap) -> float:
            if of == "definitions":
                return 95 + gap * (task == of) + seed % 3
            return 80 + (gap + seed % 2 * 0.1) * way.startswith(of)

        table(share)
        assert rule() == word


def test_a_subtracted_change_takes_its_task_alone_or_others_too(table: Table) -> None:
    def flat(way: str, task: str, seed: int) -> float:
        return 0.0

    def ends(lost: float) -> Callable[[str, str], float]:
        probe = {a.task: a.probe_test_accuracy for a in rows(english.About, english.TASKS)}
        return lambda task, of: probe[task] - (0.3 if task == of else lost)

    for lost, word in ((0.01, HOLDS), (0.2, NOT)):
        table(flat, ends(lost))
        assert merging.negates() == word
    partly = {"reviews": 0.01, "definitions": 0.2}
    table(flat, lambda task, of: ends(partly[task])(task, of))
    assert merging.negates() == PART

"""The study on a real English model: the encoder, its tasks, a run, the plan, and what is said."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from scripts.studies import (
    encoder,
    english_changes,
    english_tasks,
    english_training,
)
from scripts.studies import english as study
from scripts.studies.decoder import count
from scripts.studies.encoder import KINDS, LAYERS, states
from scripts.studies.english_changes import alike, in_one_space, joint
from scripts.studies.english_tasks import Part, Task, order, parted, runs
from scripts.studies.english_training import Run
from scripts.studies.study import Run as Planned
from scripts.survey.results import changes as said
from scripts.survey.results import english as survey
from scripts.survey.results.effects import Effect
from scripts.survey.results.english import CLAIMS
from scripts.survey.statistics.intervals import interval
from tests.scripts.studies.conftest import Put

RECORDED = Path(__file__).with_name("encoder.npz")
SMALL = encoder.random(0)

# The model ----------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_encoder_is_the_published_one() -> None:
    """The states were recorded from transformers 5.24.0 with torch 2.13.0, on the same weights."""
    try:
        weights = encoder.published()
    except (subprocess.CalledProcessError, OSError) as error:
        pytest.skip(f"the package with the weights cannot be had: {error}")
    with np.load(RECORDED) as file:
        found = np.asarray(jax.jit(states)(weights, file["ids"], file["real"]))
        assert np.abs((found - file["states"]) * file["real"][..., None]).max() < 1e-4
        tokenizers = pytest.importorskip("tokenizers", reason="dev.py installs it")
        assert tokenizers
        for text, ids, real in zip(file["texts"], file["ids"], file["real"], strict=True):
            assert english_tasks.coded([str(text)])[0] == ids[real > 0].tolist()


# The tasks ----------------------------------------------------------------------------------------


def test_parts_share_no_six_words_in_a_row() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcd"), 9)) for _ in range(400)] + ["One, two!", "one two"]
    parts = parted(texts, {"test": 20, "validation": 10, "train": 15})
    of = {name: set().union(*(runs(texts[i]) for i in own)) for name, own in parts.items()}
    assert [len(own) for own in parts.values()] == [20, 10, 15]
    assert not of["test"] & of["validation"]
    assert not of["train"] & (of["test"] | of["validation"])
    with pytest.raises(ValueError, match="1 texts are left for train, which has to have 2"):
        parted(["One, two!", "one two"], {"train": 2})


def test_an_order_reads_every_sentence_before_one_comes_again() -> None:
    lengths = np.random.default_rng(0).integers(4, 30, 64).tolist()
    found = order(lengths, 6, 16, seed=1)
    assert [len(batch) for batch in found] == [16] * 6
    assert sorted(np.concatenate(found[:4])) == list(range(64))
    np.testing.assert_array_equal(found, order(lengths, 6, 16, seed=1))
    assert (np.concatenate(found) != np.concatenate(order(lengths, 6, 16, seed=2))).any()


# A run --------------------------------------------------------------------------------------------


def drawn(seed: int) -> Task:
    """Return a task of drawn sentences: is a token from the first half of the vocabulary first?"""
    rng = np.random.default_rng(seed)

    def part(count: int) -> Part:
        tokens = [rng.integers(1, 100, rng.integers(4, 14)).tolist() for _ in range(count)]
        labels = np.array([ids[0] < 50 for ids in tokens], np.int32)
        return Part([str(ids) for ids in tokens], tokens, labels)

    sizes = {"test": 60, "validation": 40, "train": 64}
    return Task({name: part(count) for name, count in sizes.items()}, 2, 164, 164)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Put an untrained encoder of width 24 and drawn sentences in the place of the real ones."""
    drawn_once = cache(lambda name: drawn(sorted(english_tasks.TASKS).index(name)))
    monkeypatch.setattr(english_tasks, "task", drawn_once)
    monkeypatch.setattr(english_training, "model", lambda: SMALL)
    for name in ("base", "untrained"):
        cached: Any = getattr(english_training, name)
        monkeypatch.setattr(english_training, name, cache(cached.__wrapped__))
    monkeypatch.setattr(english_training, "stored", lambda run: tmp_path / f"{run.key}.npz")
    english_training.prepared.cache_clear()
    yield
    english_training.prepared.cache_clear()


def planned(name: str, task: str = "reviews", phase: str = "final", seed: int = 1) -> Run:
    return study.settings(Planned((name, task), -5, seed, phase), 0.003)


def short(name: str, phase: str = "sweep") -> Run:
    """Return a run of a few steps."""
    run = planned(name, phase=phase)
    knobs = tuple((k, 8 if k == "block_size" else v) for k, v in run.method.knobs)
    return replace(run, method=replace(run.method, knobs=knobs), steps=4)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "lora 4",
        *(pytest.param(n, marks=pytest.mark.weekly) for n in ("full", "ln tuning", "head alone")),
    ],
)
def test_a_run_starts_at_the_base_model_and_gives_the_same_again(small: None, name: str) -> None:
    settings = short(name)
    adapted, _, compute = english_training.prepared(settings.method, settings.steps)
    part = english_tasks.task("reviews").parts["test"]
    body, frozen = adapted.start(1)
    here = english_training.features(part, lambda *x: compute(body, frozen, SMALL, *x))
    there = english_training.base("reviews").features["test"]
    np.testing.assert_allclose(here, there, atol=1e-4)
    if name == "lora 4":  # one method is enough to see that nothing is drawn anew
        made = english_training.run(settings)
        assert made["forgetting"] != 0
        assert made | {"seconds": 0} == english_training.run(settings) | {"seconds": 0}
        assert made["test_loss"] is None  # a sweep does not look at the test


@pytest.mark.long
@pytest.mark.weekly  # compiling takes 20 s
def test_the_plan_can_be_trained_and_full_fine_tuning_leaves_its_changes(small: None) -> None:
    for name in survey.plan().entries:
        settings = short(name)
        learned, _ = english_training.AdaptedEncoder(settings.method, SMALL).start(0)
        assert (count(learned) == 0) == (name == survey.HEAD)
    settings = short("full", "final")
    made = english_training.run(settings)
    assert made["test_accuracy"] >= 0
    assert english_training.stored(settings).exists()
    changes, head = english_training.end(settings)
    assert head["W"].shape == (english_training.CLASSES, SMALL["word"].shape[1])
    assert {kind: a.shape for kind, a in changes.items()} == {k: SMALL[k].shape for k in KINDS}
    assert all(np.abs(a).min(axis=(1, 2)).max() < np.abs(a).max() for a in changes.values())
    (row, *_) = alike([(settings, changes), (settings, changes)])
    assert row["cosine"] == pytest.approx(1)
    assert row["left"] == pytest.approx(1)


def test_layers_that_share_inputs_are_told_from_those_that_do_not() -> None:
    rng = np.random.default_rng(0)
    shared, run = rng.normal(size=(2, 40)), planned("full")
    changes = {kind: rng.normal(size=(LAYERS, 40, 2)) @ shared for kind in KINDS}
    inputs, outputs = list(joint(run, changes))[:2]
    assert inputs["joint"] == pytest.approx(1)
    assert inputs["control_joint"] < 0.6 > outputs["joint"]
    assert outputs["apart"] == pytest.approx(1)
    assert in_one_space(changes["query"])[0] < 1


def test_what_is_said_of_changes_follows_from_their_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One direction a matrix, the same in two runs on one task, and another on the other task."""
    monkeypatch.setattr(english_changes, "published", lambda: SMALL)
    of_task = {task: np.random.default_rng(i) for i, task in enumerate(survey.plan().tasks)}
    shapes = {kind: SMALL[kind].shape for kind in KINDS}
    planted = {
        task: {
            kind: rng.normal(size=(n, a, 1)) @ rng.normal(size=(n, 1, b))
            for kind, (n, a, b) in shapes.items()
        }
        for task, rng in of_task.items()
    }
    seeds = {"reviews": (1, 2), "definitions": (1,)}
    made = [
        (planned("full", task, seed=seed), planted[task])
        for task, own in seeds.items()
        for seed in own
    ]

    def spaces(runs: Any) -> Iterator[dict[str, Any]]:
        for run, changes in runs:
            yield from joint(run, changes)

    def described(runs: Any) -> Iterator[dict[str, Any]]:
        for run, _ in runs:
            yield from english_changes.described(run)

    def end(run: Run) -> Any:
        return english_training.End({**planted[run.task]}, {})

    monkeypatch.setattr(english_changes, "end", end)
    tables = {"CHANGES": described, "ALIKE": alike, "JOINT": spaces}
    for name, rows in tables.items():
        monkeypatch.setattr(survey, name, tmp_path / name)
        english_changes.save(tmp_path / name, list(rows(made)))
    for function in (said.in_english, said.english_families):
        function.cache_clear()
    assert said.english_families()[0].structure > 2
    facts = {f.address.removeprefix("english/"): f.value for f in said.english_facts()}
    assert facts["whole: low_rank share, reviews"] > 0.99
    assert facts["alike: same task, cosine"] == pytest.approx(1, abs=1e-4)
    assert abs(facts["alike: two tasks, cosine"]) < 0.1
    assert (facts["alike: same task, pairs"], facts["alike: two tasks, pairs"]) == (1, 2)
    assert facts["joint: definitions inputs, apart"] == pytest.approx(1)
    for function in (said.in_english, said.english_families):
        function.cache_clear()


# The plan -----------------------------------------------------------------------------------------


# Sentences ----------------------------------------------------------------------------------------


def row(entry: str, task: str, seed: int, accuracy: float) -> survey.Run:
    """Return a run that counts."""
    own = (0.4, 0.8, 0.4, accuracy, 0.1, 0.7, 0.5, 0.7, "done", 60.0)
    return survey.Run(entry, task, 7, 0.1, seed, "final", *own)


Place = Callable[[list[survey.Run]], None]


@pytest.fixture
def place(put: Put) -> Place:
    """Put runs in the place of the study's."""
    return lambda found: put(survey, survey.Run._fields, [run._asdict() for run in found])


def test_seeds_are_paired_and_a_claim_holds_on_both_tasks_or_not(place: Place) -> None:
    seeds, luck = survey.plan().seeds, [0.0, 0.02, -0.02, 0.01, 0.03]
    found = [row("lora 4", "reviews", s, 0.8 + b) for s, b in zip(seeds, luck, strict=True)]
    more = [0.031, 0.029, 0.030, 0.032, 0.028]
    ahead = zip(seeds, luck, more, strict=True)
    found += [row("oft 16", "reviews", s, 0.8 + b + m) for s, b, m in reversed([*ahead])]
    place(found)
    ahead_by = survey.effect("oft 16", "reviews")
    alone = interval([100 * m for m in more], survey.among("oft 16"))
    assert ahead_by[:3] == pytest.approx(alone)
    assert ahead_by.low > 0
    place([*found, *(run._replace(task="definitions") for run in found)])
    behind, forgets = CLAIMS[1:3]
    assert behind.here() == "does not hold"
    assert forgets.here() == "open"
    narrow = Effect(0.0, -0.2, 0.3)
    assert (behind.word(narrow), forgets.word(narrow)) == ("level", "not told apart")


def test_what_half_a_decade_costs_is_read_beside_the_best_rate(place: Place) -> None:
    found = [row("lora 4", "reviews", s, 0.8) for s in survey.plan().seeds]
    for half_decades, loss, right in ((-7, 0.6, 0.75), (-6, 0.4, 0.8), (-5, 0.5, 0.82)):
        tried = row("lora 4", "reviews", survey.plan().sweep_seed, 0)
        found.append(
            tried._replace(
                phase="sweep", rate=10 ** (half_decades / 2), validation_loss=loss,
                validation_accuracy=right,
            )
        )  # fmt: skip
    place(found)
    assert survey.off_best(1) == [pytest.approx(-2)]
    assert survey.off_best(-1) == [pytest.approx(5)]
    assert survey.off_best(2) == []

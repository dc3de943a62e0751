"""Cells of the table of what methods explain; the whole table is computed by hand."""

import json
from pathlib import Path

import pytest

from demos.lab import TARGETS
from scripts.stored.lab import read_study
from scripts.studies.explained import cell, methods, run, teacher, teachers

pytestmark = pytest.mark.long


def test_a_method_without_so_small_a_setting_has_no_share() -> None:
    """QGOFT has four numbers for each of 31 pairs; one LoRA rank has 64."""
    one, two, four = cell("qgoft", "pairs")
    assert one is None
    assert two == four
    assert two is not None


def test_a_broken_run_goes_on_where_it_was(tmp_path: Path) -> None:
    out = tmp_path / "explained.jsonl"
    cells = [("ia3", "rows", False), ("ia3", "ia3", True), ("svft", "spectrum", False)]
    run(out, cells=cells[:2])
    whole = out.read_text()
    assert [json.loads(text)["found"][0][0] for text in whole.splitlines()[1:]] == [1, 1]
    out.write_text(whole[:-20])  # broken within a line
    run(out, cells=cells)
    lines = out.read_text().splitlines()
    assert lines[:2] == whole.splitlines()[:2]
    rows = [json.loads(text) for text in lines[1:]]
    assert [(r["method"], r.get("world"), r.get("teacher")) for r in rows] == [
        ("ia3", "rows", None),
        ("ia3", None, "ia3"),
        ("svft", "spectrum", None),
    ]


def test_a_table_of_other_budgets_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "explained.jsonl"
    out.write_text('{"size": [64, 64]}\n')
    with pytest.raises(ValueError, match="remove it to begin"):
        run(out, cells=[])


def test_the_committed_table_has_every_cell_and_agrees_with_what_is_computed() -> None:
    head, rows = read_study()
    found = {(r["method"], r.get("world"), r.get("teacher")): r["found"] for r in rows}
    worlds = {(m, w, None) for m in methods() for w in TARGETS}
    assert set(found) == worlds | {(m, None, t) for m in teachers() for t in teachers()}
    assert head["teachers"] == json.loads(json.dumps({slug: teacher(slug) for slug in teachers()}))
    for slug, world in (
        ("ia3", "pairs"),
        ("delora", "mix"),
        ("lora", "turn"),
        ("miss", "kronecker"),
        ("oft", "real"),
    ):
        stored = [f and f[0] for f in found[slug, world, None]]
        assert cell(slug, world) == pytest.approx(stored, abs=2e-3)

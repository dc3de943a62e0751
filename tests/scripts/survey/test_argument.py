from __future__ import annotations

from pathlib import Path

import pytest

from scripts.survey.results import argument

PREMISES = [(0.9, "supported"), (0.8, "contradicted"), (0.6, "mixed"), (0.5, "not tested")]


def test_credences_are_scored_where_a_premise_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"- {{says: {word}, credence: {c}, word: {word}, why: w}}" for c, word in PREMISES]
    file = tmp_path / "argument.yml"
    file.write_text("\n".join(["repository: r", "commit: c", "premises:", *lines]), "utf-8")
    monkeypatch.setattr(argument, "FILE", file)
    found = {(f.row, f.column): f for f in argument.facts()}
    counts = [found["all", name].value for name in ("premises", "tested", "settled", "supported")]
    assert counts == [4, 3, 2, 1]
    assert found["all", "brier"].value == pytest.approx((0.1**2 + 0.8**2) / 2)
    assert found["mixed", "open"].value == pytest.approx(10)  # above even
    assert ("not tested", "tested") not in found

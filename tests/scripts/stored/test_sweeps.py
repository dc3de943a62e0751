"""Stored answers along the main knob: small files that the browser's own code reads back."""

import json
import shutil
from pathlib import Path
from typing import Any

import brotli
import numpy as np
import pytest

from adapters_np.errors import KnobError
from adapters_np.knobs import Knob
from demos.compare import COMPARED
from demos.probe import probe
from demos.settings import main_knob
from scripts.bootstrap import ROOT
from scripts.stored import sweeps
from scripts.stored.sweeps import LEVELS, MOST_BYTES, answer, key, packed, sweep
from tests.node import printed

READ = """
import { Sweep } from "./demos/widget/sweep.js";
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const bytes = new Uint8Array(Buffer.concat(chunks));
const sweep = new Sweep(bytes.buffer);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const values = process.argv.slice(1).map((text) => JSON.parse(text));
console.log(JSON.stringify(values.map((value) => sweep.nearest(value)), plain));
"""


def read(data: bytes, *values: Any) -> list[dict[str, Any]]:
    """Return the answers that the browser's code finds in a file, nearest to some values."""
    found: list[dict[str, Any]] = printed(READ, *map(json.dumps, values), given=data)
    return found


SOME = ("lora", "dora", "oft", "ia3", "fourierft", "vera", "prompt_tuning", "steering")


@pytest.mark.parametrize("slug", SOME)
def test_a_stored_answer_is_that_of_the_probe(slug: str) -> None:
    knob = main_knob(slug)
    assert knob
    values = [knob.default, knob.values()[-1]]
    answers = [{"value": v, **answer(slug, {knob.name: v})} for v in values]
    for value, found in zip(values, read(packed(knob, answers), *values), strict=True):
        expected = probe(slug, {knob.name: value})
        assert found["sentence"] == expected["sentence"]
        for panel, twin in zip(found["panels"], expected["panels"], strict=True):
            assert (panel["name"], panel["kind"]) == (twin["name"], twin["kind"])
            if panel["kind"] == "number":
                assert (panel["text"], panel["unit"]) == (twin["text"], twin["unit"])
            if panel["kind"] == "series":
                for line, exact in zip(panel["lines"], twin["lines"], strict=True):
                    np.testing.assert_allclose(line["values"], exact["values"], 1e-2, 1e-37)
                    large = exact["values"] > 1e-12 * exact["values"][0]
                    ours = np.array(line["values"])[large]
                    np.testing.assert_allclose(ours, exact["values"][large], rtol=1e-6)
            if panel["kind"] == "matrix":
                half = [np.abs(v["values"]).max() / LEVELS / 2 + 1e-12 for v in twin["views"]]
                for view, exact, most in zip(
                    panel["views"],
                    twin["views"],
                    [half[0], half[1], half[0] + half[1]],
                    strict=True,
                ):
                    assert view["limit"] == exact["limit"]
                    assert np.abs(view["values"] - exact["values"]).max() <= most
        names = {panel["name"] for panel in found["panels"] + found["others"]}
        assert set(COMPARED) <= names


@pytest.mark.long
@pytest.mark.parametrize("slug", ["lora", "goft", "ia3", "prompt_tuning", "fourierft"])
def test_a_small_file_holds_all_values_or_first_those_that_match_other_methods(slug: str) -> None:
    stored, knob = sweep(slug), main_knob(slug)
    assert stored
    assert knob
    assert len(brotli.compress(stored.data)) <= MOST_BYTES
    if slug == "fourierft":
        assert stored.values[0] == 128
        assert {64, 1024} <= set(stored.values) < set(knob.values())
    else:
        assert set(stored.values) == set(knob.values())


def test_a_forbidden_value_is_left_out_and_a_fault_of_a_module_stops_the_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(slug: str, chosen: dict[str, Any]) -> sweeps.Answer:
        if chosen["groups"] > 2:
            raise KnobError("groups", chosen["groups"], "is too large here")
        return answer("lora", {})

    def wrong(*_: Any) -> sweeps.Answer:
        return {"sum": np.eye(2) @ np.eye(3)}

    assert sweep("beft") is None  # which has no knob
    monkeypatch.setattr(sweeps, "main_knob", lambda _: Knob("groups", "int", 2, 1, 4, 1))
    monkeypatch.setattr(sweeps, "_wanted", lambda _, knob: knob.values())
    monkeypatch.setattr(sweeps, "answer", forbidden)
    stored = sweep.__wrapped__("lora")
    assert stored
    assert stored.values == (1, 2)
    monkeypatch.setattr(sweeps, "answer", wrong)
    with pytest.raises(ValueError, match="mismatch in its core dimension"):
        sweep.__wrapped__("lora")


def test_a_sweep_is_made_again_when_its_own_code_or_what_all_share_has_changed(
    tmp_path: Path,
) -> None:
    for name in ("adapters_np", "demos", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)

    def changed_by(file: str) -> set[str]:
        before = {slug: key(slug, tmp_path) for slug in ("goft", "qgoft", "lora")}
        with (tmp_path / file).open("a") as text:
            text.write("\n")
        return {slug for slug in before if key(slug, tmp_path) != before[slug]}

    assert changed_by("adapters_np/methods/vera.py") == set()
    assert changed_by("adapters_np/methods/lora.py") == {"lora"}
    assert changed_by("adapters_np/controls/lora.py") == {"lora"}
    assert changed_by("adapters_np/methods/goft.py") == {"goft", "qgoft"}  # one builds on the other
    assert changed_by("demos/lab.py") == set()  # which a sweep does not use
    assert changed_by("demos/probe.py") == {"goft", "qgoft", "lora"}
    assert changed_by("requirements.txt") == {"goft", "qgoft", "lora"}

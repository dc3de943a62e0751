"""Stored fits: the browser's own code reads back what a method's page shows first."""

from __future__ import annotations

import json
from typing import Any

import brotli
import numpy as np
import pytest

from adapters_np.control import controls
from demos.probe import probe
from demos.settings import HYPOTHESIS, KEPT, PAGE
from scripts.stored import fits
from scripts.stored.sweeps import LEVELS, MOST_BYTES, Sweep
from tests.node import printed

READ = """
import { Sweep } from "./demos/widget/sweep.js";
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const bytes = new Uint8Array(Buffer.concat(chunks));
const sweep = new Sweep(bytes.buffer);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const wanted = JSON.parse(process.argv[1]);
const found = wanted.map(({ value, world, out = "kept" }) => sweep.find(value, world, out) ?? null);
console.log(JSON.stringify(found, plain));
"""


def read(stored: Sweep, *wanted: dict[str, Any]) -> list[Any]:
    """Return what the browser's code finds in a file at values of the main knob, in worlds."""
    found: list[Any] = printed(READ, json.dumps(wanted), given=stored.data)
    return found


@pytest.fixture(scope="module")
def oft() -> Sweep:
    stored = fits.fits("oft")
    assert stored
    return stored


def test_a_stored_fit_is_that_of_the_probe(oft: Sweep) -> None:
    places = [
        {"value": 8, "world": "mix"},
        {"value": 4, "world": "mix"},
        {"value": 8, "world": "own"},
        {"value": 8, "world": "mix", "out": "shuffled"},
    ]
    for place, found in zip(places, read(oft, *places), strict=True):
        out = place.get("out", KEPT)
        chosen = {"block_size": place["value"], "world": place["world"], HYPOTHESIS: out}
        exact = probe("oft", PAGE | chosen)
        assert found["sentence"] == exact["sentence"]
        for ours, theirs in zip(found["panels"], exact["panels"], strict=True):
            assert ours["name"] == theirs["name"]
            if ours["kind"] == "number":
                assert (ours["text"], ours["unit"]) == (theirs["text"], theirs["unit"])
            for view, twin in zip(ours.get("views", []), theirs.get("views", []), strict=True):
                close = 2 * np.abs(twin["values"]).max() / LEVELS / 2 + 1e-12
                if "sum" in twin:
                    close = 2 * max(v["limit"] for v in theirs["views"]) / LEVELS
                assert np.abs(np.array(view["values"]) - twin["values"]).max() <= close


def test_a_page_opens_with_the_first_answer_of_a_small_file(oft: Sweep) -> None:
    assert oft.values[0] == 8
    assert len(brotli.compress(oft.data)) <= MOST_BYTES
    assert fits.wanted("oft")[:2] == [(8, "mix", KEPT), (8, "real", KEPT)]
    (found,) = read(oft, {"value": 8, "world": "nowhere"})
    assert found is None


def test_a_page_opens_with_the_mixture_where_its_method_explains_some_of_it() -> None:
    assert fits.opening_world("lora") == "mix"
    assert fits.opening_world("prompt_tuning") == "mix"
    assert fits.opening_world("ether") == "own"  # one mirror of a fixed size


def test_a_file_has_the_shares_of_all_its_parameters_with_and_without_the_hypothesis(
    oft: Sweep,
) -> None:
    (found,) = read(oft, {"value": 8, "world": "mix"})
    (curve,) = (panel for panel in found["panels"] if panel["kind"] == "curve")
    kept, without, *_ = curve["lines"]
    assert kept["label"] == KEPT
    assert [curve["at"], pytest.approx(curve["dots"]["explained"])] in kept["points"]
    assert kept["points"] == sorted(kept["points"])
    assert without["label"] in controls("oft")
    assert len(curve["lora"]) == 33
    assert curve["lora"][-1] == pytest.approx(1)

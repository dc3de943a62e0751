"""The lab: its requests to Python, and what the page is given."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from adapters_np.core import load
from demos import readers
from demos.lab import TARGETS, examine, goal, reach, weight
from scripts.bootstrap import ROOT
from scripts.stored.lab import losses, picture, read_study, world
from scripts.survey.results.experiment import fitted

OWN = (ROOT / "demos" / "lab" / "own.py").read_text("utf-8")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    sys.modules.pop("own", None)


def answer(source: str, **more: Any) -> dict[str, Any]:
    return readers.respond({"source": source, **more}, lambda *_: None)


def end(*asked: Any) -> dict[str, Any]:
    *_, answer = examine(*asked)
    assert not answer["more"]
    return answer


def test_a_cell_is_wanted_fitted_and_left() -> None:
    views = end("lora", {"rank": 2}, "turn")["views"]
    D = goal("turn")
    np.testing.assert_array_equal(views["target"], D.ravel())
    np.testing.assert_allclose(views["fitted"] + views["residual"], D.ravel(), atol=1e-12)
    U, sigma, Vt = np.linalg.svd(D)
    nearest = (U[:, :2] * sigma[:2]) @ Vt[:2]
    np.testing.assert_allclose(views["fitted"], nearest.ravel(), atol=1e-12)


def test_a_method_finds_what_it_has_taught_itself() -> None:
    knobs = {"feedforward": True}
    assert end("ia3", knobs, "ia3", knobs)["share"] == pytest.approx(1)
    assert not np.allclose(goal("ia3", knobs), 0)


def test_a_goal_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="world='nowhere' is not one of few, "):
        goal("nowhere")
    with pytest.raises(ValueError, match="reft has no ΔW to teach"):
        goal("reft", {})


# A reader's adapter -------------------------------------------------------------------------------


def test_the_first_version_is_fitted_and_reaches_what_dora_does() -> None:
    response = answer(OWN, world="mix", rank=2)["answer"]
    assert (response["name"], response["size"]) == ("GainsAndRank", 96)
    dora = reach(load("dora"), "mix", 2)
    assert response["share"] == pytest.approx(dora["share"], abs=2e-3)


def test_a_class_with_too_many_numbers_has_no_share() -> None:
    assert answer(OWN, world="mix", rank=1)["answer"]["share"] is None


def test_the_last_class_that_the_code_defines_is_taken() -> None:
    both = OWN + "\n\nclass Second(GainsAndRank):\n    pass\n"
    assert answer(both, world="rows", rank=2)["answer"]["name"] == "Second"


@pytest.mark.parametrize("source", ["x = 1", "from adapters_np.methods.lora import LoRA"])
def test_code_that_defines_no_adapter_is_told_what_to_write(source: str) -> None:
    response = answer(source, world="mix", rank=2)
    assert "the code defines no adapter: write a class" in response["trace"]


def test_an_error_in_a_readers_delta_names_its_line() -> None:
    line = next(i for i, text in enumerate(OWN.splitlines(), 1) if "return self.g" in text)
    response = answer(OWN.replace("self.g[:, None]", "self.h[:, None]"), world="mix", rank=2)
    assert response["line"] == line
    assert "has no attribute 'h'" in response["trace"]


# Stored data --------------------------------------------------------------------------------------


def test_a_stored_picture_is_the_change() -> None:
    for name in TARGETS:
        entry = picture(name)
        levels = np.frombuffer(base64.b64decode(entry["levels"]), np.int8)
        shown = levels * entry["limit"] / 127
        np.testing.assert_allclose(shown, goal(name).ravel(), atol=0.51 * entry["limit"] / 127)
        assert len(shown) == weight(name).size
        assert world(name)["best"][0] == 0


def test_of_both_sides_turned_poet_makes_most_and_pissa_comes_next() -> None:
    """Check docs/methods/poet.md; a LoRA from W's strongest part is PiSSA by another name."""
    _, rows = read_study()
    ends = {r["method"]: r["found"][1] for r in rows if r.get("world") == "sides"}
    shares = {slug: found[0] for slug, found in ends.items() if found and slug != "lora_starts"}
    first, second = sorted(shares, key=lambda slug: -shares[slug])[:2]
    assert (first, second) == ("poet", "pissa")
    assert shares["poet"] > shares["pissa"] + 0.2
    assert shares["oft"] < 0.6


def test_what_a_fit_is_worth_is_told_with_what_differs_from_the_cell() -> None:
    def cell(**chosen: Any) -> list[Any]:
        return [0.3, 128, chosen]

    lora = cell(rank=2, alpha=16.0, rank_stabilised=True)
    found, other = losses("lora", [lora, None], [2, 4])
    (row,) = (f for f in fitted() if f.method == "lora 2")
    shares = round(row.share, 3), round(row.kept, 3)
    assert found == ("alpha=4.0 rank=2 rank_stabilised=False", row.parameters, *shares)
    assert other is None
    minor, principal = (
        losses("pissa", [cell(rank=4, alpha=4.0, components=c)], [4])[0]
        for c in ("minor", "principal")
    )
    assert minor is not None
    assert principal is not None
    assert "components=minor" in minor.knobs
    assert "components" not in principal.knobs
    assert minor.share > principal.share + 0.1
    assert losses("ether", [cell(blocks=4)], [1]) == [None]  # further away than no change
    assert losses("oft", [cell(block_size=64, block_share=False)], [128]) == [None]  # too few


def test_many_methods_with_a_fit_of_the_real_change_say_what_it_is_worth() -> None:
    """Check docs/lab.md on open cells."""
    _, rows = read_study()
    cells = {r["method"]: r["found"] for r in rows if r.get("world") == "real"}
    told = [slug for slug, found in cells.items() if losses(slug, found[1:2], [2])[0]]
    assert len(told) > len(cells) / 3

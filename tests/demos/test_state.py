"""States of a widget after events, without a page: demos/widget/state.js under Node."""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from typing import Any

import pytest

from tests.node import printed

State = dict[str, Any]
Event = dict[str, Any]

WALK = """
import { readFileSync } from "node:fs";
import { PHASES, START, line, next } from "./demos/widget/state.js";
const element = { words: { holds: "holds", last: "last", absent: "absent" }, size: "5 MB",
  about: "Of rank 4", stored: ["stored", "Run"] };
const steps = (events) => {
  let state = START;
  return events.map((event) => {
    const [after, effects] = next(state, event);
    state = after;
    return { ...state, effects, phase: PHASES[state.at], line: line(state, element) };
  });
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(steps)));
"""


def walks(*events: list[Event]) -> list[list[State]]:
    """Return the states after each event of each list."""
    found: list[list[State]] = printed(WALK, given=json.dumps(events))
    return found


def after(*events: Event) -> State:
    return walks([OPEN, *events])[0][-1]


DONE = {"milliseconds": 7.2, "step": 40}
PART = DONE | {"more": True, "step": 3}
STORED = {"milliseconds": 0, "stored": True}

OPEN, ARRIVE, ASKED, KNOWN = ({"type": name} for name in ("stored", "arrive", "asked", "known"))
ASK, CHANGE, CANCEL = (
    {name: {"type": kind, "computer": name} for name in ("off", "loading", "ready", "failed")}
    for kind in ("ask", "change", "cancel")
)
REFUSED = {"type": "refused", "problem": "rank=0 is not possible"}


def drawn(answer: dict[str, Any], asked: int | None = None, kept: bool = False) -> list[Event]:
    told = {"type": "answered", "answer": answer, "asked": asked, "kept": kept}
    return [told, {"type": "drawn", "answer": answer}]


def failed(kind: str, control: bool = False) -> Event:
    return {"type": "failed", "failure": {"kind": kind, "message": kind, "control": control}}


def test_the_first_move_waits_for_python_and_ends_with_its_picture() -> None:
    waits = after(ASK["off"])
    assert (waits["phase"], waits["effects"], waits["line"]) == (
        *("loading", ["ask"]), ["Loading Python, 5 MB", "Cancel"],
    )  # fmt: skip
    fits = after(ASK["off"], ASKED, *drawn(PART, 1))
    assert (fits["phase"], fits["unfinished"], fits["effects"]) == ("loading", True, [])
    assert fits["line"] == ["Python fits it in your browser: 3 steps", "Stop"]
    done = after(ASK["off"], ASKED, *drawn(PART, 1), *drawn(DONE, 1))
    assert (done["phase"], done["unfinished"]) == ("live", False)
    assert done["effects"] == ["settle", "tell"]
    assert done["line"] == ["Computed by Python in your browser, 7 ms"]


@pytest.mark.long
def test_a_picture_of_other_settings_is_hidden_until_the_right_one_is_drawn() -> None:
    assert after(ARRIVE, ASK["off"])["stale"]
    for answer in (STORED, PART, DONE):
        told, shown = drawn(answer, 1)
        assert after(ARRIVE, ASK["off"], ASKED, told)["stale"]
        assert not after(ARRIVE, ASK["off"], ASKED, told, shown)["stale"]
    assert not after(ARRIVE, KNOWN)["stale"]


@pytest.mark.parametrize("kind", ["load", "crash"])
def test_where_python_fails_the_picture_stays_and_is_named_if_it_is_another_one(kind: str) -> None:
    told = after(ASK["off"], failed(kind))
    assert (told["phase"], told["problem"]) == ("error", kind)
    assert told["line"] == ["holds", "Try again"]
    named = after(ARRIVE, ASK["off"], failed(kind))
    assert (named["stale"], named["line"]) == (False, ["Of rank 4", "Try again"])
    assert after(*drawn(STORED), ASK["off"], failed(kind))["line"] == ["Of rank 4", "Try again"]


def test_a_change_after_a_file_that_did_not_load_asks_for_none_again() -> None:
    assert after(ASK["off"], failed("load"), CHANGE["failed"])["effects"] == ["nearest"]
    assert after(ASK["off"], failed("crash"), CHANGE["failed"])["effects"] == ["ask"]
    again = after(ASK["off"], failed("load"), ASK["failed"])
    assert (again["effects"], again["problem"], again["broken"]) == (["ask"], "", False)


def test_a_stored_picture_ends_no_wait_and_mends_no_fault() -> None:
    waits = after(ASK["off"], *drawn(STORED))
    assert waits["line"] == ["Of rank 4. Loading Python, 5 MB", "Cancel"]
    fits = after(ASK["ready"], ASKED, *drawn(PART, 1), *drawn(STORED))
    assert fits["line"] == ["Of rank 4. Python fits the present settings", "Stop"]
    assert not fits["unfinished"]
    fault = after(ASK["off"], failed("load"), *drawn(STORED))
    assert (fault["phase"], fault["line"]) == ("error", ["Of rank 4", "Try again"])
    assert after(ASK["ready"], ASKED, *drawn(DONE, 1), *drawn(STORED))["phase"] == "stored"


def test_a_part_of_a_fit_takes_no_better_picture_away() -> None:
    kept = after(*drawn(STORED), ASK["ready"], ASKED, drawn(PART, 1, kept=True)[0])
    assert (kept["answer"], kept["effects"]) == (STORED, [])
    assert after(*drawn(STORED), ASK["ready"], ASKED, drawn(DONE, 1, kept=True)[0])["effects"]


def test_a_fit_that_is_stopped_keeps_what_it_has_and_says_so() -> None:
    fit = [ASK["ready"], ASKED, *drawn(PART, 1)]
    stop = after(*fit, CANCEL["ready"])
    assert (stop["effects"], stop["answer"]["stopped"]) == (["end", "draw"], True)
    shown = after(*fit, CANCEL["ready"], {"type": "drawn", "answer": PART | {"stopped": True}})
    assert (shown["phase"], shown["unfinished"]) == ("live", True)
    assert shown["line"] == ["Unfinished: stopped after 3 steps", "Finish"]


def test_a_stop_before_the_first_part_keeps_the_picture_before_it() -> None:
    newer = after(ASK["ready"], ASKED, *drawn(PART, 1), ASK["ready"], ASKED, CANCEL["ready"])
    assert (newer["effects"], newer["line"]) == (["end"], ["last"])
    late = [ASK["ready"], ASKED, ASK["ready"], ASKED, *drawn(PART, 1)]  # of the older question
    assert after(*late, CANCEL["ready"])["effects"] == ["end"]


@pytest.mark.parametrize("computer", ["off", "loading"])
def test_whoever_gives_up_waiting_sees_the_stored_picture(computer: str) -> None:
    told = after(ARRIVE, ASK["off"], CANCEL[computer], failed("stopped"))
    assert (told["phase"], told["stale"], told["wanted"]) == ("stored", False, False)
    assert after(ASK["off"], CANCEL["loading"])["effects"] == ["stop"]


def test_a_value_that_python_refuses_is_told_once() -> None:
    for control, problem in ((True, ""), (False, "knob")):
        told = after(ASK["ready"], ASKED, *drawn(DONE, 1), failed("knob", control))
        assert (told["line"], told["problem"]) == (["last"], problem)
    assert after(failed("knob"))["phase"] == "stored"


def test_what_an_address_asks_in_vain_is_told_until_the_reader_changes_something() -> None:
    assert after(REFUSED, ASK["off"])["problem"] == REFUSED["problem"]
    assert after(REFUSED, {"type": "noted"}, CHANGE["off"])["problem"] == ""
    assert after(REFUSED, {"type": "reset"})["problem"] == ""


@cache
def everywhere() -> list[tuple[tuple[Event, ...], State]]:
    """Return what four events in any order lead to."""
    tell: list[list[Event]] = [
        [ARRIVE], [ASK["off"], ASKED], [ASK["ready"], ASKED], [CHANGE["failed"]], [CANCEL["off"]],
        [CANCEL["ready"]], drawn(STORED), drawn(PART, 1), drawn(DONE, 1), [failed("load")],
        [failed("knob")], [{"type": "absent", "problem": "none"}],
    ]  # fmt: skip
    ways = [[OPEN, *sum(chosen, start=list[Event]())] for chosen in product(tell, repeat=4)]
    return [(tuple(way), states[-1]) for way, states in zip(ways, walks(*ways), strict=True)]


@pytest.mark.long
def test_whatever_happens_the_line_and_the_button_fit_the_state() -> None:
    for way, state in everywhere():
        action = state["line"][1] if len(state["line"]) > 1 else ""
        offered = {
            "stored": {"Run"}, "loading": {"Cancel", "Stop"}, "live": {"", "Finish"},
            "error": {"Try again", "Run"},
        }  # fmt: skip
        assert action in offered[state["phase"]], way
        assert (action == "Finish") <= state["unfinished"], way
        if state["at"] == "computed":
            assert not state["unfinished"], way


def test_whatever_happens_no_picture_stays_hidden_for_good() -> None:
    for way, state in everywhere():
        if way[-1]["type"] in ("drawn", "failed", "cancel"):
            assert not state["stale"], way

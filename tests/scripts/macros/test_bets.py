"""Bets against their controls: from tables of runs and fits to the words and figures of pages."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from scripts.catalog import read
from scripts.macros.bets import own_controls
from scripts.macros.method import Furniture
from scripts.macros.page import Page
from scripts.studies import reach as study
from scripts.survey.results import bets, controls
from scripts.survey.results.bets import Bet, Described, because, by_entry, described, reaches
from scripts.survey.results.controls import AGAIN, Part, plan, wanted
from scripts.survey.results.hypothesis import Effect
from scripts.survey.sources.providers import facts

FIRST = plan().parts[0]
COLUMNS = ("method", "control", "slug", "task", "base", "steps", "seed", "phase", "test")
Tables = Callable[..., dict[str, Bet]]


def rows(part: Part, leads: dict[str, float]) -> Iterator[dict[str, object]]:
    """Yield the runs of a part: full fine-tuning improves by 2, methods lead by shares of that."""
    rng = np.random.default_rng(0)
    for base in part.bases:
        for entry in controls.entries():
            if not wanted(part, entry.method):
                continue
            lead = 0.0 if entry.control else leads.get(entry.method, 0.0)
            size = 2.0 if entry.method == "full" else 1.0 + 2 * lead
            off = rng.normal(0, 0.004)
            for seed in (*plan().sweep_seeds, *plan().seeds):
                phase = "final" if seed in plan().seeds else "sweep"
                values = (entry.method, entry.control, entry.slug, part.task, base, part.steps)
                test = 5.0 - size + off + rng.normal(0, 0.004)
                row = dict(zip(COLUMNS, (*values, seed, phase, f"{test:.6g}"), strict=True))
                yield row | {"start_test": "5.0"}


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """Let pages read a table of runs, and of fits if any, and return the bets by their methods."""
    read()  # what pages say of the runs that are kept

    numbers = count()

    def written(runs: list[dict[str, object]], fits: Path | None = None) -> dict[str, Bet]:
        table = tmp_path / f"controls{next(numbers)}.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(runs[0]))
            writer.writeheader()
            writer.writerows(runs)
        nothing = tmp_path / "nothing.csv"
        nothing.write_text("", "utf-8")
        monkeypatch.setattr(controls, "TABLE", table)
        monkeypatch.setattr(controls, "REACH", fits or nothing)
        facts.cache_clear()
        return {bet.method: bet for bet in bets.bets()}

    yield written
    facts.cache_clear()


def page(url: str = "findings/bets/") -> Page:
    return Page(SimpleNamespace(page=SimpleNamespace(url=url, meta={})))


PLANTED = {"oft 16": 0.08, "ia3": -0.06}
EQUAL = Effect(0.0, -0.001, 0.001, 0.001, 2, 3)

# Words --------------------------------------------------------------------------------------------


def test_planted_leads_become_words_when_their_part_is_complete(tables: Tables) -> None:
    found = tables(list(rows(FIRST, PLANTED)))
    words = {bet.method: bet.word for bet in found.values()}
    assert words.pop("oft 16") == "holds"
    assert words.pop("ia3") == "worse"
    assert words.pop("svft 6") in ("no better than its control", "cannot be told")
    assert not words
    said = because(found["oft 16"])
    assert said.startswith("on code, in 3 base models of one small decoder: ahead of *")
    lead = next(j for j in found["oft 16"].trained if j.comparison.control == "shuffled")
    assert lead.overall.mean == pytest.approx(0.08, abs=0.01)
    assert f"ahead of *shuffled order* by {100 * lead.overall.mean:.1f} points" in said
    assert next(iter(found)) == "oft 16"  # the widest lead comes first


# Pages --------------------------------------------------------------------------------------------


def test_pages_say_the_word_of_the_joint_analysis_and_where() -> None:
    top = Furniture(page("methods/oft/")).verdict()
    said = facts().say("together: oft 16, word")
    badge = f'<span class="badge bet {said.replace(" ", "-")}">{said.capitalize()}</span>'
    assert f"<dt>Is the idea supported?</dt> <dd>{badge}" in top
    by = facts().say("together: oft 16, shuffled, against")
    assert f'{by} its control <a href="#own-control">shuffled order</a>' in top
    assert f"{facts().say('together: study, where')}." in top
    later = Furniture(page("methods/peanut/")).verdict()
    assert '<a href="../../findings/bets/#later">one base model, on code</a>, ' in later
    assert "no clear difference from <em>entries shuffled</em>, " in later
    untested = Furniture(page("methods/adalora/")).verdict()
    assert "<dd>Not tested: none of our training runs leaves the idea out.</dd>" in untested


def test_the_study_says_whether_it_finds_what_is_planted_and_only_that(tables: Tables) -> None:
    everything, teachers = plan().parts[2], [part for part in plan().parts if part.check]

    def of(leads: dict[str, float], twice: float = 0.0) -> dict[str, str]:
        made = [row for part in (everything, *teachers) for row in rows(part, leads)]
        again = [
            {**row, "control": f"{row['control']}{AGAIN}", "test": float(str(row["test"])) + twice}
            for row in made
            if f"{row['method']}: {row['control']}" in everything.again
            and row["task"] == everything.task
        ]
        tables([*made, *again])
        found = {(f.row, f.column): f.text for f in bets._study([EQUAL])}
        return {column: text for (row, column), text in found.items() if row == "checks"}

    found = of({"lora 4": 0.3, "oft 16": 0.2, "ia3": 0.4})
    assert found == {"power": "5 of 5", "leads": "20 to 40", "twice": "none"}
    assert of({}, twice=0.2) == {"power": "0 of 5", "leads": "", "twice": "3"}


def test_the_table_to_download_has_every_judgement_and_base_models(tables: Tables) -> None:
    found = tables(list(rows(FIRST, PLANTED)))
    told = list(csv.DictReader(io.StringIO(bets.table(list(found.values())))))
    own = [row for row in told if row["method"] == "oft" and row["control"] == "shuffled"]
    assert [row["where"] for row in own] == ["all", "code", "base 0", "base 1", "base 2"]
    means = [float(row["mean"]) for row in own]
    assert means[0] == pytest.approx(np.mean(means[2:]), abs=1e-4)
    assert (own[0]["outcome"], own[0]["sign"], own[0]["word"]) == ("ahead", "for", "holds")


def test_facts_say_what_the_table_to_download_says(tables: Tables) -> None:
    found = tables(list(rows(plan().parts[2], PLANTED)))
    by = {(f.row, f.column): f for f in bets.facts()}
    told = [
        row
        for row in csv.DictReader(io.StringIO(bets.table(list(found.values()))))
        if (row["where"], row["evidence"]) == ("all", "trained")
    ]
    methods = {bet.slug: bet.method for bet in found.values()}
    for row in told:
        fact = by[f"{methods[row['method']]}, {row['control']}", "trained"]
        assert fact.value == pytest.approx(100 * float(row["mean"]), abs=1e-3)
        assert ("points " + row["outcome"] in fact.text) == (row["outcome"] in ("ahead", "behind"))
    own = [row["outcome"] for row in told if (row["kind"], row["claim"]) == ("relaxed", "ahead")]
    assert by["relaxed", "all"].value == len(own)
    assert by["relaxed", "ahead"].text == str(own.count("ahead"))
    assert by["oft 16", "improvement"].value == pytest.approx(0.58, abs=0.01)
    assert by["oft 16, shuffled", "improvement"].value == pytest.approx(0.5, abs=0.01)
    assert by["oft 16", "where"].text == by["improvements", "where"].text == "on code"
    assert by["oft 16, shuffled", "pairs on code"].text == "15 of 15"
    assert by["oft 16, shuffled", "trained"].text.startswith("8.1 points ahead (")
    assert by["ia3, rotated", "trained"].text.startswith("6.2 points behind (")
    assert by["svft 6, random bases", "trained"].text.startswith("level (")


def test_a_share_is_of_the_tasks_on_which_all_were_trained(tables: Tables) -> None:
    tables([row for part in plan().parts if not part.check for row in rows(part, PLANTED)])
    by = {(f.row, f.column): f.text for f in bets.facts()}
    assert by["oft 16", "where"] == "on code, a novel and random sequences"
    assert by["vera", "where"] == by["improvements", "where"] == "on code and a novel"
    assert ("vera", "improvement") in by


def test_of_random_sequences_the_facts_say_how_much_is_known(tables: Tables) -> None:
    *_, memory = plan().parts
    made = [*rows(plan().parts[2], {}), *rows(memory, {})]
    tables(made)
    by = {(f.row, f.column): f for f in bets.facts()}
    losses = [
        float(str(row["test"]))
        for row in made
        if (row["method"], row["control"], row["task"]) == ("ia3", "rotated", "memory")
        and row["phase"] == "final"
    ]
    assert len(losses) == 15
    found = by["ia3, rotated", "memorised"]
    assert found.value == pytest.approx(1 - np.mean(losses) / np.log(512), abs=1e-9)
    assert found.text == "36 %"
    # Full fine-tuning improves by 2 from 5, so to guess is a loss
    guess = by["guessing", "improvement"]
    assert guess.value == pytest.approx((5 - np.log(512)) / 2, rel=0.01)


def test_a_method_s_page_has_a_row_for_each_control_and_its_facts_the_strongest() -> None:
    own = own_controls(page("methods/oft/"), ["oft"])
    (figure,) = re.findall(r"data-figure='(.*?)'", own)
    drawn = json.loads(unescape(figure))["figure"]["rows"]
    assert [row["name"] for row in drawn] == ["shuffled order", "symmetric generators"]
    assert "shuffled order</em> leaves out one thing: that neighbouring inputs turn" in own
    by = {f.row: f.value for f in bets.facts() if f.column == "strongest"}
    for bet in bets.bets():
        beat = [j.overall.mean for j in bet.trained if j.comparison.claim == "ahead"]
        assert by[bet.method] == pytest.approx(100 * min(beat))


def test_what_disagrees_is_said_of_a_bet_that_holds_in_part() -> None:
    found = {bet.method: because(bet) for bet in bets.bets()}
    assert found["hra 8"].endswith(
        "; mixed, since on code and a novel and in reach a control is ahead"
    )
    assert found["prefix_tuning 32"].endswith("; mixed, since on a novel a control is ahead")
    assert "mixed" not in found["ssvd 38"] + found["ether"]


# Reach --------------------------------------------------------------------------------------------


def fits(task: str, lead: float, base: int = 0) -> list[Described]:
    return [
        Described(
            task, base, *matrix, e.method, e.control, 500,
            0.3 - (lead if e.control and e.method == "lora 4" else 0.0) + 0.001 * base,
        )
        for matrix in (("q", 0), ("o", 3))
        for e in controls.entries()
        if e.reached is not None and not controls.floor(e.method)
    ]  # fmt: skip


def test_reach_is_not_compared_where_parameters_differ() -> None:
    code = [fit for base in range(3) for fit in fits("code", 0.2, base)]
    more = [
        fit._replace(parameters=501) if (fit.method, fit.control) == ("lora 4", "") else fit
        for fit in code
    ]
    assert "lora 4" not in {c.method for c in reaches(by_entry(more))}


def test_reach_against_a_bet_keeps_it_from_holding(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "fits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*study.Place._fields, "method", "control", "parameters", "share"])
        rng = np.random.default_rng(0)
        for base in range(3):
            for fit in fits("code", 0.0, base):
                own = 0.1 if (fit.method, fit.control) == ("oft 16", "") else 0.0
                share = fit.share - own + rng.normal(0, 0.001)
                about = ("code", base, fit.kind, fit.layer, fit.method, fit.control, 500)
                writer.writerow([*about, f"{share:.5f}"])
    found = tables(list(rows(FIRST, PLANTED)), path)["oft 16"]
    assert found.word == "holds in part"
    assert "in reach behind *shuffled order* and *symmetric generators*" in because(found)


@pytest.mark.parametrize("name", ["ia3", "oft 16"])
def test_fits_come_out_as_in_the_table(name: str) -> None:
    place = study.Place("code", 1, "q", 0)
    told = {
        d.control: d.share
        for d in described()
        if (d.task, d.base, d.kind, d.layer, d.method) == (*place, name)
    }
    own = [e for e in study.fitted() if e.method == name]
    assert told.keys() == {e.control for e in own}
    assert len(own) == 3
    for entry in own:
        made = float(next(study.described(entry, place))["share"])
        assert made == pytest.approx(told[entry.control], abs=2e-4)

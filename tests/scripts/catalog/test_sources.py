"""Sources: what was read, how it reaches the verdicts, what another choice would change."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest
import yaml

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.catalog.__main__ import main
from scripts.catalog.sensitivity import CHOICES, judged, outcomes
from scripts.macros.protocol import read_sources
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.records import CatalogError
from scripts.survey.sources.rule import DIMENSIONS
from scripts.survey.sources.sources import opened, read_candidates


def test_every_publication_of_the_bibliography_has_a_place_in_the_flow() -> None:
    known = read_candidates()
    placed = {*(s.key for s in read_tables()), *known.candidates, *known.excluded}
    others = {"peft2026benchmark", "adapters2026experiment"}
    assert placed | others == set(read().papers)
    assert not {s.key for s in read_tables()} & {*known.candidates, *known.excluded}


def test_the_flow_loses_nobody() -> None:
    found, flow = read_sources()
    assert flow.known == flow.excluded + flow.wanted
    assert flow.wanted == len(found) == flow.unread + flow.abstract + flow.read
    assert flow.read == flow.nothing + flow.typed
    assert flow.voting <= flow.typed
    voting = {f.source_key for m in read().methods.values() for d in DIMENSIONS for f in m.found(d)}
    keys = {r.key for r in found}
    assert len(voting & keys) == flow.voting + flow.by_abstract


def test_a_main_paper_that_is_not_read_is_told_from_the_data() -> None:
    unread = {m.slug for m in read().methods.values() if m.graded and m.unread}
    assert unread == {"ln_tuning"}
    assert {read().methods[slug].papers[0] for slug in unread}.isdisjoint(opened())
    for slug in unread:
        for dimension, v in read().methods[slug].verdicts.items():
            if dimension != "WA":
                assert v.word not in ("confirmed", "reported", "contradicted")


def test_a_source_says_what_is_missing_or_has_been_read_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "docs/data/tables"
    folder.mkdir(parents=True)
    text = yaml.safe_dump({"authors_of": [], "tables": [], "read": "part"})
    (folder / "paper.yml").write_text(text)
    with pytest.raises(CatalogError, match=r"paper\.yml: missing: says what has not been read"):
        read_tables.__wrapped__(tmp_path)


@pytest.mark.long
def test_other_choices_are_counted_with_the_rule_itself() -> None:
    found = {o.choice.what: o for o in outcomes()}
    assert len(found) == len(CHOICES)
    assert all(0 <= o.changed < judged() for o in found.values())
    # What all units of a source weigh is no less than what twice the heaviest does.
    caps = [o.choice.how.cap for o in found.values() if "cap" in o.choice.what]
    assert caps == [1, inf]


def test_a_source_is_shown_with_what_it_moves(capsys: pytest.CaptureFixture[str]) -> None:
    main(["source", "lee2026learningrate"])
    told = capsys.readouterr().out
    file = "docs/data/tables/lee2026learningrate.yml"
    assert (ROOT / file).exists()
    assert f"{file} is as it should be" in told
    assert "dora               BL   level" in told
    assert "still contested" in told
    assert 'ref("lee2026learningrate", "Table 1")' in told
    with pytest.raises(SystemExit, match="there is no docs/data/tables/nobody"):
        main(["source", "nobody"])

"""A run of all tests: its parts, their order, and the workflow's shares of it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from scripts import dev
from scripts.bootstrap import ROOT, SetupError

DAILY = ("not site and not weekly", "site and not weekly")


class Tools:
    """Stands in for all that is called; `codes` are the exit codes of pytest by its mark."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.codes: dict[str, int] = {}

    def run(self, words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        name = words[2] if "-m" in words[:2] else words[0]
        if name == "pytest":
            name = words[4]
        self.called.append(name)
        return subprocess.CompletedProcess(words, self.codes.get(name, 0), "", "")


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools()
    monkeypatch.setattr("scripts.dev.subprocess.run", tools.run)
    return tools


def test_the_site_is_built_beside_what_does_not_need_it(tools: Tools) -> None:
    dev.test([])
    assert sorted(tools.called[:5]) == ["lint-imports", "mypy", "npm", "ruff", "ruff"]
    assert sorted(tools.called[5:7]) == [DAILY[0], "scripts.build"]
    assert tools.called[7:] == [DAILY[1]]


def test_a_daily_run_says_what_it_leaves_out_and_another_leaves_out_nothing(
    tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    dev.test([])
    assert "left out: other browsers" in capsys.readouterr().err.splitlines()[-1]
    dev.test(["--all"])
    assert {"not site", "site"} < {*tools.called}
    assert "left out" not in capsys.readouterr().err


def test_all_checks_run_and_those_that_fail_are_named(tools: Tools) -> None:
    tools.codes |= {"mypy": 1, "npm": 2}
    with pytest.raises(SetupError, match="mypy; npm run --silent check"):
        dev.check([])
    assert len(tools.called) == 5


@pytest.mark.parametrize(
    ("fails", "told", "site"),
    [
        ("scripts.build", "^3$", False),
        (DAILY[0], "failed with code 3", False),
        (DAILY[1], "failed with code 3", True),
    ],
)
def test_a_build_or_a_test_that_fails_ends_the_run(
    tools: Tools, fails: str, told: str, site: bool
) -> None:
    tools.codes[fails] = 3
    with pytest.raises((SetupError, SystemExit), match=told):
        dev.test([])
    assert DAILY[0] in tools.called
    assert (DAILY[1] in tools.called) == site


def test_a_quick_run_needs_no_site_trains_nothing_and_says_so(
    tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    dev.test(["--quick"])
    assert tools.called[-1] == "not site and not long"
    assert "scripts.build" not in tools.called
    last = capsys.readouterr().err.splitlines()[-1]
    assert "left out: tests that need the site or take a second or more" in last


def test_what_is_chosen_may_be_of_one_kind_only_and_a_choice_without_any_test_is_told(
    tools: Tools,
) -> None:
    for mark in DAILY:
        tools.codes = {mark: 5}
        dev.test(["-k", "lora"])
        assert sorted(tools.called[-3:-1]) == [DAILY[0], "scripts.build"]
        assert tools.called[-1] == DAILY[1]
    tools.codes = dict.fromkeys(DAILY, 5)
    with pytest.raises(SetupError, match=r"No test was found for `-k nonsense`\."):
        dev.test(["-k", "nonsense"])


def test_every_file_that_needs_the_site_is_in_one_shard_of_the_workflow() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text("utf-8"))
    job = workflow["jobs"]["browser"]
    found: list[str] = []
    for shard in job["strategy"]["matrix"]["shard"]:
        command = job["steps"][-1]["run"].partition("| xargs")[0]
        done = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, env={"SHARD": str(shard), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        files = done.stdout.split()
        assert len(files) > 3
        found += files
    browser = (str(path.relative_to(ROOT)) for path in ROOT.glob("tests/browser/**/test_*.py"))
    assert sorted(found) == sorted(["tests/test_site.py", *browser])


def test_a_study_is_run_by_its_name(tools: Tools) -> None:
    dev.study(["experiment", "--plan"])
    assert tools.called == ["scripts.studies.study"]
    with pytest.raises(SetupError, match=r"Name a study, one of scripts/studies: .*experiment"):
        dev.study(["nonsense"])

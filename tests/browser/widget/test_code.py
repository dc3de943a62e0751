"""Code for the present settings: a script with the page's numbers, and a configuration for PEFT."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from adapters_np.core import knobs, load
from demos.settings import opens
from scripts.bootstrap import ROOT
from tests.browser.reader import record

SETTINGS = "?rank=3&rank_stabilised=true&seed=5&base=clustered&step=0.25"


@pytest.fixture
def page(window: Page) -> Page:
    return window


def taken(page: Page, label: str) -> tuple[str, str]:
    """Return the name and the text of what a button of the export menu saves."""
    page.locator(".export summary").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=label).first.click()
    page.keyboard.press("Escape")
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def test_the_script_prints_the_numbers_of_the_page(page: Page, site: str, tmp_path: Path) -> None:
    requests = record(page.context)
    page.goto(f"{site}methods/lora/")
    taken(page, "numpy script")
    assert not [url for url in requests if "/assets/py/" in url]
    page.goto(f"{site}methods/lora/{SETTINGS}")
    name, code = taken(page, "numpy script")
    assert name == "lora.py"
    assert f"{site}methods/lora/{SETTINGS}" in code
    (tmp_path / name).write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / name)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    page.wait_for_selector("adapter-demo[data-state=live]")
    panels = page.evaluate("updates.at(-1).panels")
    shown = [
        f"{p['label']}: {p['text']} {p['unit']}".strip() for p in panels if p["kind"] == "number"
    ]
    sentence = page.locator(".sentence").first.evaluate("p => p.textContent")
    assert done.stdout.splitlines() == [*shown, sentence]


def configured(code: str) -> tuple[str, dict[str, Any]]:
    """Run a configuration with a stand-in for PEFT; return its class and its arguments."""
    found: list[tuple[str, dict[str, Any]]] = []

    class Peft(ModuleType):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda **arguments: found.append((name, arguments))

    real = sys.modules.get("peft")
    sys.modules["peft"] = Peft("peft")
    try:
        exec(code, {})
    finally:
        sys.modules.pop("peft")
        if real:
            sys.modules["peft"] = real
    (config,) = found
    return config


def test_the_configuration_has_the_present_settings(page: Page, site: str) -> None:
    page.goto(f"{site}methods/lora/{SETTINGS}")
    name, code = taken(page, "PEFT config")
    assert name == "lora_peft.py"
    assert configured(code) == (
        "LoraConfig",
        {"r": 3, "lora_alpha": 16, "use_rslora": True, "target_modules": "all-linear"},
    )


@pytest.mark.parametrize("method", ["lora", "oft", "ia3", "xlora"])
def test_at_the_defaults_it_is_the_configuration_of_the_page(
    page: Page, site: str, method: str
) -> None:
    own = knobs(load(method))
    plain = {name: own[name].default for name in opens(method) if name in own}
    page.goto(f"{site}methods/{method}/?{urlencode(plain)}")
    _, code = taken(page, "PEFT config")
    printed = page.locator("#in-peft ~ .highlight code").first.inner_text()
    assert configured(code) == configured(printed)


def test_a_setting_that_the_configuration_cannot_have_is_named(page: Page, site: str) -> None:
    page.goto(f"{site}methods/road/?variant=4&group_size=4&seed=3")
    _, code = taken(page, "PEFT config")
    assert "# Not in this configuration: variant=4." in code
    assert configured(code)[1]["group_size"] == 4


def test_without_a_rank_the_configuration_has_neither_rank_nor_scale(page: Page, site: str) -> None:
    page.goto(f"{site}methods/supertuning/?way=random&size=64x64&rank=0")
    _, code = taken(page, "PEFT config")
    assert configured(code)[1].keys() == {"sparsity", "target_modules"}


def test_a_method_that_peft_does_not_have_offers_no_configuration(page: Page, site: str) -> None:
    page.goto(f"{site}methods/goft/")
    page.locator(".export summary").first.click()
    expect(page.get_by_role("button", name="numpy script").first).to_be_visible()
    expect(page.get_by_role("button", name="PEFT config")).to_have_count(0)

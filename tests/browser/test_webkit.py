"""The core of a visit in WebKit, the engine of Safari, by way of its own driver."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from demos.probe import probe
from scripts.bootstrap import webkit
from tests.browser.reader import PATIENCE

pytestmark = pytest.mark.weekly

# Moves a control and answers with what Python says, or with what is wrong.
MOVE = """
const [name, value, done] = arguments;
const demo = document.querySelector("adapter-demo");
const plain = (_, part) => (ArrayBuffer.isView(part) ? Array.from(part) : part);
const answer = ({ detail }) => {
  const sentence = demo.querySelector(".sentence").textContent;
  const shown = { ...detail, sentence, loading: window.loading };
  if (!detail.stored) done(JSON.parse(JSON.stringify(shown, plain)));
};
window.loading = false;
new MutationObserver(() => (window.loading ||= demo.dataset.state === "loading")).observe(demo, {
  attributeFilter: ["data-state"],
});
demo.addEventListener("adapter-demo:update", answer);
setTimeout(() => done({ error: demo.querySelector(".problem").textContent }), 60_000);
const control = demo.querySelector(`[name=${name}]`);
control.value = value;
control.dispatchEvent(new Event("input", { bubbles: true }));
"""

READY = """
const [method, done] = arguments;
const ready = `adapter-demo[method=${method}] .aim:not([disabled])`;
const look = () => (document.querySelector(ready) ? done(true) : setTimeout(look, 50));
look();
"""

RANDOM = "document.querySelector('adapter-demo [name=way][value=random]').click()"

# A click, and no second `go`: a page left while it loads has its requests cancelled, and of that
# libsoup 3.6.5 dies now and then, with all of the browser (it uses a request it has freed).
FOLLOW = """(() => {
  const link = document.querySelector("a[href$='/oft/']");
  link.search = "?way=random&size=32x64";
  window.sameVisit = true;
  link.click();
})()"""


class Driver:
    """The part of the WebDriver protocol that a visit needs."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.session = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        request = Request(f"{self.address}{self.session}{path}", data, kind, method=method)
        try:
            with urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            error.add_note(f"{method} {path}: {error.read().decode()}")
            raise

    def open(self, binary: Path) -> None:
        options = {"binary": str(binary), "args": ["--automation"]}
        wanted = {"webkitgtk:browserOptions": options}
        found = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{found['sessionId']}"
        self.call("POST", "/timeouts", {"script": 90_000})

    def go(self, address: str) -> None:
        self.call("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.call("POST", "/execute/async", {"script": script, "args": arguments})

    def value(self, expression: str) -> Any:
        script = f"return {expression}"
        return self.call("POST", "/execute/sync", {"script": script, "args": []})


def free_port() -> int:
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port: int = probe_socket.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < until, f"{what} is not there"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    executable = webkit()
    binaries = sorted(Path("/usr/lib").glob("*/webkit*/MiniBrowser"))
    if executable is None or not binaries:
        pytest.skip(
            "no WebKit on this machine; on Debian: apt install webkitgtk-webdriver xvfb; "
            "on Ubuntu: apt install webkit2gtk-driver xvfb"
        )
    port = free_port()
    screen = f":{100 + port % 1000}"
    # The driver's own sandbox needs rights that a container does not give.
    variables = {"DISPLAY": screen, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    with ExitStack() as ending:
        for command in (["Xvfb", screen, "-nolisten", "tcp"], [str(executable), f"--port={port}"]):
            process = subprocess.Popen(
                command, env=os.environ | variables, stderr=subprocess.DEVNULL
            )
            ending.callback(process.wait)
            ending.callback(process.terminate)
        wait_until(Path(f"/tmp/.X11-unix/X{screen[1:]}").exists, "the screen")
        wait_until(lambda: answers(port), "the driver")
        driver = Driver(port)
        driver.open(binaries[-1])
        ending.callback(driver.call, "DELETE", "")
        yield driver


def test_webkit_shows_the_stored_picture_computes_and_goes_on_to_the_next_page(
    driver: Driver, site: str
) -> None:
    driver.go(f"{site}methods/lora/")
    assert driver.run(READY, "lora")
    assert driver.value("document.querySelector('adapter-demo').dataset.state") == "stored"
    assert driver.value("document.querySelector('.matrix img').naturalWidth") > 0

    driver.value(RANDOM)
    answer = driver.run(MOVE, "rank", "7")
    assert "error" not in answer
    assert answer["knobs"] | {"way": "random", "rank": 7} == answer["knobs"]
    expected = probe("lora", answer["knobs"])
    assert answer["sentence"] == expected["sentence"]
    for ours, theirs in zip(answer["panels"], expected["panels"], strict=True):
        for part in ("views", "lines"):
            for a, b in zip(ours.get(part, []), theirs.get(part, []), strict=True):
                np.testing.assert_allclose(a["values"], b["values"], rtol=1e-9, atol=1e-12)
    wait_until(
        lambda: driver.value("location.search") == "?way=random&world=few&rank=7", "the address"
    )

    driver.value(FOLLOW)
    assert driver.run(READY, "oft")
    assert driver.value("window.sameVisit")
    answer = driver.run(MOVE, "step", "0.3")
    assert answer["method"] == "oft"
    assert answer["knobs"] | {"way": "random", "size": "32x64"} == answer["knobs"]
    assert not answer["loading"]
    assert answer["sentence"] == probe("oft", answer["knobs"])["sentence"]

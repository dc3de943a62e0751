"""The supply of Pyodide's wheels holds against every fault of a network, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from scripts.bootstrap import ROOT, SetupError
from scripts.pyodide import vendor
from scripts.pyodide.vendor import Source, carrier, closure, fetch, web

WHEELS = {
    "small-1.0-py3-none-any.whl": b"small wheel",
    "large-2.0-py3-none-any.whl": bytes(range(256)) * 4096,
}
SMALL, LARGE = WHEELS


@dataclass
class Host:
    """A server on this machine: the files it has, and how it misbehaves."""

    files: dict[str, bytes]
    address: str = ""
    asked: list[str] = field(default_factory=list)
    breaks_off: bool = False
    stalls: bool = False
    released: Event = field(default_factory=Event)


@contextmanager
def hosting(files: dict[str, bytes]) -> Iterator[Host]:
    host = Host(dict(files))

    class Handler(BaseHTTPRequestHandler):
        wbufsize = 0

        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            host.asked.append(name)
            if name not in host.files:
                self.send_error(404)
                return
            data = host.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            half = len(data) // 2
            self.wfile.write(data[:half])
            if host.stalls:
                host.released.wait(30)
            if not host.breaks_off:
                self.wfile.write(data[half:])

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    host.address = f"http://127.0.0.1:{server.server_port}/full/"
    try:
        yield host
    finally:
        host.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a source once only, which takes no pause."""
    monkeypatch.setattr(vendor, "RETRIES", 0)


@pytest.fixture
def good() -> Iterator[Host]:
    with hosting(WHEELS) as host:
        yield host


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    packages = {
        file_name.split("-")[0]: {
            "file_name": file_name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "depends": ["small"] if file_name == LARGE else [],
        }
        for file_name, data in WHEELS.items()
    }
    file = tmp_path / "pyodide-lock.json"
    file.write_text(json.dumps({"packages": packages}))
    return file


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def wheels_in(cache: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in cache.iterdir() if file.name != ".lock"}


def unreachable() -> Source:
    with hosting({}) as gone:
        return web(gone.address)


def test_a_package_arrives_with_its_dependencies_first_and_once(
    good: Host, cache: Path, lock: Path
) -> None:
    for _ in range(2):
        found = fetch(["large"], cache, [web(good.address)], lock)
        assert [*found.items()] == [("small", cache / SMALL), ("large", cache / LARGE)]
    assert wheels_in(cache) == WHEELS
    assert good.asked == [SMALL, LARGE]


def test_a_damaged_file_in_the_cache_is_reported_and_never_used(
    good: Host, cache: Path, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(["large"], cache, [web(good.address)], lock)
    (cache / LARGE).write_bytes(WHEELS[LARGE][:-1] + b"?")
    with pytest.raises(SetupError, match=LARGE):
        fetch(["large"], cache, [unreachable()], lock)
    assert f"{cache / LARGE} is damaged" in capsys.readouterr().err
    assert wheels_in(cache) == {SMALL: WHEELS[SMALL]}
    fetch(["large"], cache, [web(good.address)], lock)
    assert good.asked == [SMALL, LARGE, LARGE]
    assert wheels_in(cache) == WHEELS


@pytest.mark.parametrize(
    ("fault", "files", "said"),
    [
        ("", WHEELS | {SMALL: b"wrong"}, "does not match the known hash"),
        ("", {}, "404"),
        ("breaks_off", WHEELS, "IncompleteRead"),
        ("stalls", WHEELS, "timed out"),
        ("gone", WHEELS, "refused"),
    ],
)
def test_a_source_with_a_fault_leaves_nothing_and_the_next_one_is_asked(
    fault: str,
    files: dict[str, bytes],
    said: str,
    good: Host,
    cache: Path,
    lock: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vendor, "SECONDS", 0.2 if fault == "stalls" else 300)
    with hosting(files) as bad:
        source = unreachable() if fault == "gone" else web(bad.address)
        bad.breaks_off, bad.stalls = fault == "breaks_off", fault == "stalls"
        with pytest.raises(SetupError) as caught:
            fetch(["small"], cache, [source, source], lock)
        message = str(caught.value)
        assert message.startswith(f"1 of 1 Pyodide files could not be had: {SMALL}.")
        assert len(re.findall(rf"{source.name}: .*{said}", message)) == 2
        assert str(cache) in message
        assert wheels_in(cache) == {}
        fetch(["small"], cache, [source, web(good.address)], lock)
    assert good.asked == [SMALL]
    assert wheels_in(cache) == {SMALL: WHEELS[SMALL]}


def test_a_package_that_pyodide_does_not_have_is_named(cache: Path, lock: Path) -> None:
    with pytest.raises(SetupError, match="torch is not a package"):
        fetch(["torch"], cache, [], lock)


def test_a_missing_core_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "PYODIDE", tmp_path / "pyodide")
    with pytest.raises(SetupError, match=r"pyodide is missing\. Run: python3 scripts/dev\.py"):
        fetch(["numpy"])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_run_leaves_no_file_that_a_later_run_would_use(
    good: Host, cache: Path, lock: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from scripts.pyodide.vendor import fetch, web; "
        "cache, lock, address = sys.argv[1:]; "
        "fetch(['large'], Path(cache), [web(address)], Path(lock))"
    )
    with hosting(WHEELS) as stalling:
        stalling.stalls = True
        command = [sys.executable, "-c", code, str(cache), str(lock), stalling.address]
        with subprocess.Popen(command, cwd=ROOT) as run:
            wait_until(lambda: bool(stalling.asked))
            os.kill(run.pid, signal.SIGKILL)
    assert not {SMALL, LARGE} & set(wheels_in(cache))
    fetch(["large"], cache, [web(good.address)], lock)
    assert wheels_in(cache) == WHEELS


@pytest.mark.long
def test_a_package_of_the_index_gives_the_files_that_it_carries(
    cache: Path,
    lock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / "carrier-1.0-py3-none-any.whl", "w") as wheel:
        for file_name, data in WHEELS.items():
            wheel.writestr(f"carrier/static/{file_name}", data)
        wheel.writestr("carrier-1.0.dist-info/METADATA", "Name: carrier\nVersion: 1.0\n")
        wheel.writestr("carrier-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    sources = [carrier("no-such-carrier==1.0", ""), carrier("carrier==1.0", "carrier/static/")]
    fetch(["large"], cache, sources, lock)
    assert wheels_in(cache) == WHEELS
    said = capsys.readouterr().err
    assert re.search(r"the Python package no-such-carrier==1\.0: .*No match", said)


def test_the_pinned_pyodide_has_the_numpy_that_the_tests_use() -> None:
    packages = json.loads((vendor.PYODIDE / "pyodide-lock.json").read_text())["packages"]
    assert closure(["numpy"], packages) == ["numpy"]
    assert packages["numpy"]["version"] == np.__version__

"""Serve the site while it is edited.

After every change of a source file, what it changes is shown first, then the whole site is built.
Pages that have changed reload themselves.

    python -m scripts.preview [--port 8000] [--stock]
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from watchfiles import watch

from scripts.bootstrap import ROOT, SetupError, locked, parse, say
from scripts.serve import SITE, application, base, clean_end, parser, serving

SOURCES = (
    "adapters_np",
    "demos",
    "docs",
    "mkdocs.yml",
    "overrides",
    "scripts",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)

# Modules that are slow to import. Each build runs in a process of its own, which has these and
# reads the project's own modules anew.
PRELOADED = (
    *("brotli", "lxml.html", "material", "mkdocs.commands.build"),
    *("mkdocs_macros.plugin", "mkdocstrings", "mkdocstrings_handlers.python", "numpy", "pydantic"),
    *("pybtex.database", "scipy.stats", "waitress", "watchfiles", "whitenoise"),
)

FAULT = ROOT / ".build" / "fault.txt"
"""What is wrong with the sources, if the last build has ended with it."""

RELOAD = "/__reload.js"
SCRIPT = b"""
// Reloads a page that a build has changed, and says what is wrong with the sources.
const shown = { [location.pathname]: new URL(document.currentScript.src).search.slice(1) };
const notice = document.createElement("pre");
notice.setAttribute("role", "alert");
notice.style.cssText = "position: fixed; inset: auto 0 0; z-index: 9; margin: 0; padding: 1em;" +
  "background: #fff; color: #a00; white-space: pre-wrap";
setInterval(async () => {
  const page = location.pathname;
  const answer = await fetch(`/__version${page}`, { cache: "no-store" }).catch(() => undefined);
  const [version, ...fault] = answer?.ok ? (await answer.text()).split("\\n") : [""];
  notice.textContent = fault.join("\\n");
  if (!fault.length) notice.remove();
  else if (!notice.isConnected) document.body.append(notice);
  shown[page] ||= version;
  if (version && version !== shown[page]) location.reload();
}, 300);
"""


def reloading(folder: Path) -> Any:
    serve, home = application(folder), base(folder)

    def version(path: str) -> bytes:
        file = (folder / path.removeprefix(home).strip("/") / "index.html").resolve()
        if not file.is_relative_to(folder.resolve()) or not file.is_file():
            return b""
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16].encode()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == RELOAD:
            return _plain(start_response, "text/javascript", SCRIPT)
        if path.startswith("/__version/"):
            fault = b"\n" + FAULT.read_bytes() if FAULT.is_file() else b""
            now = version(path.removeprefix("/__version"))
            return _plain(start_response, "text/plain; charset=utf-8", now + fault)
        if not path.endswith("/") or environ["REQUEST_METHOD"] != "GET":
            return serve(environ, start_response)
        for name in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"):
            environ.pop(name, None)
        sent: list[Any] = []
        with closing(serve(environ, lambda *given: sent.append(given))) as parts:
            body = b"".join(parts)
        status, headers = sent[0]
        if status.startswith("200"):
            body += b'<script src="%s?%s"></script>' % (RELOAD.encode(), version(path))
        dropped = ("content-length", "etag", "last-modified")
        headers = [(name, value) for name, value in headers if name.lower() not in dropped]
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return answer


@contextmanager
def closing(parts: Any) -> Iterator[Iterable[bytes]]:
    """Close an answer at the end, where it is a file; some are lists."""
    try:
        yield parts
    finally:
        getattr(parts, "close", lambda: None)()


def _plain(start_response: Any, kind: str, body: bytes) -> list[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response("200 OK", [*headers, ("Cache-Control", "no-store")])
    return [body]


# Builds -------------------------------------------------------------------------------------------


def build_all(*, preview: bool, stock: bool) -> None:
    """Build the site, first what an edit shows; ends the process, with 1 when it cannot."""
    os.setpgid(0, 0)  # so that what it has started ends with it
    os.chdir(ROOT)
    try:
        parse()
        from scripts import build  # may hold the mistake that it is to tell

        with locked(build.BUILD / "build.lock"):
            if never_whole():
                build.build(stock=True, draft=True)
                say("what takes minutes follows; until then widgets ask Python")
            elif preview:
                show(partial(build.preview, stock=stock))
            build.build(stock=stock)
    except SetupError as error:
        FAULT.write_text(str(error), "utf-8")
        say(f"✗ {error}\n· the last good pages stay")
        sys.exit(1)
    FAULT.unlink(missing_ok=True)
    say("all is built")


def show(preview: Callable[[], None]) -> None:
    """Make a preview; what keeps it from being made is left to the build to tell."""
    try:
        preview()
        say("the change is shown; the rest follows")
    except (Exception, SystemExit) as error:  # the latter is how the generator gives up
        say(f"no preview: {error}")


def never_whole() -> bool:
    """Say whether no build has got as far as stored answers, as in a fresh clone."""
    return not (ROOT / ".build" / "stamps" / "fits").exists()


def start(*, preview: bool, stock: bool) -> multiprocessing.process.BaseProcess:
    process = CONTEXT.Process(target=build_all, kwargs={"preview": preview, "stock": stock})
    process.start()
    return process


def stop(process: multiprocessing.process.BaseProcess) -> None:
    """End a build and whatever it has started; a later one goes on where it was."""
    if process.is_alive() and process.pid:
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:  # it has no group yet
            process.terminate()
    process.join()


CONTEXT = multiprocessing.get_context("forkserver")


def main() -> None:
    """Build, then serve the site and build after every change, until interrupted."""
    words = parser(__doc__)
    words.add_argument("--stock", action="store_true", help="Python as Pyodide publishes it")
    chosen = words.parse_args()
    CONTEXT.set_forkserver_preload(list(PRELOADED))
    sources = [ROOT / name for name in SOURCES if (ROOT / name).exists()]
    fresh = never_whole() and not SITE.is_dir()
    build = start(preview=False, stock=chosen.stock)
    try:
        with clean_end(), ExitStack() as server:
            while build.is_alive() and not (fresh and SITE.is_dir()):
                build.join(0.2)
            if build.exitcode:
                sys.exit(build.exitcode)
            address = server.enter_context(serving(SITE, chosen.port, reloading))
            say(f"the site is on {address} (Ctrl-C ends it)")
            for changes in watch(*sources, debounce=300, raise_interrupt=True):
                changed = sorted({str(Path(path).relative_to(ROOT)) for _, path in changes})
                say(f"changed: {', '.join(changed)}")
                stop(build)
                build = start(preview=True, stock=chosen.stock)
    finally:
        stop(build)


if __name__ == "__main__":
    main()

"""Builds of the same content are equal byte by byte: elsewhere, later, in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT

PROGRAM = r"""
import datetime, json, shutil, sys, time

HOUR = float(sys.argv[1])
true, Day = time.time, datetime.datetime
time.time = lambda: true() + 3600 * HOUR
class Later(Day):
    now = classmethod(lambda cls, tz=None: Day.fromtimestamp(time.time(), tz))
    utcnow = today = now
datetime.datetime = Later

from hashlib import sha256
from pathlib import Path

from scripts.catalog import read
from scripts.catalog.exports import read_site
from scripts.finish import finish
from scripts.finish.compress import compress
from scripts.finish.fonts import add_fonts
from scripts.finish.release import add_names
from scripts.pyodide.stock import archive, sources

out, cache = (Path(name).resolve() for name in ("site", "cache"))
equation = r'<span class="arithmatex">\(x^2\)</span>'
page = f'<!doctype html><head></head><body>{equation}</body>'
for name in ("", "methods/", "methods/lora/"):
    (out / name).mkdir(parents=True, exist_ok=True)
    (out / name / "index.html").write_text(page)
(out / "sitemap.xml").write_text(f"<lastmod>{Later.now():%Y-%m-%d}</lastmod>")
(out / "sitemap.xml.gz").touch()
site = read_site()._replace(commit="0123456789ab")
finish.typeset(out, cache / "equations")
finish.date_sitemap(out, site.date)
add_fonts(out, cache / "fonts")
finish.BUILD = cache
(cache / "example").mkdir()
shutil.copytree(finish.ROOT / "docs" / "data", out / "data")
finish.add_data(out, read(), site)
(out / "code.zip").write_bytes(archive(dict(sources())))
add_names(out, site.url)
compress(out / "methods", cache / "twins")
files = (path for path in out.rglob("*") if path.is_file())
print(json.dumps({str(p.relative_to(out)): sha256(p.read_bytes()).hexdigest() for p in files}))
"""


@pytest.mark.long
@pytest.mark.weekly  # it takes a minute
def test_what_is_made_an_hour_later_in_another_folder_is_the_same(tmp_path: Path) -> None:
    def made(folder: str, hours: int) -> dict[str, str]:
        (tmp_path / folder).mkdir()
        variables = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hours)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(hours)],
            cwd=tmp_path / folder, env=variables, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found

    first, second = made("one", 0), made("another-folder", 30)
    assert len(first) > 300
    assert [name for name in first if first[name] != second.get(name)] == []
    assert first.keys() == second.keys()

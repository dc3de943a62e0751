"""Published packages are whole, tell who made them, and have one version."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from scripts.bootstrap import ROOT
from scripts.catalog.exports import Site
from scripts.finish.finish import element

PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EMBED = ROOT / "demos" / "embed"
NPM = json.loads((EMBED / "package.json").read_text("utf-8"))
ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from adapters_np.core import load, slugs
from adapters_np.explain import explained
W = np.eye(8)
found = explained("lora", W, np.outer(W[0], W[1]))
print(len([load(slug) for slug in slugs()]), round(found.share, 6))
"""


def test_every_package_has_the_release_s_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    versions = {PYTHON["version"], NPM["version"], zenodo["version"], str(citation["version"])}
    assert len(versions) == 1
    assert zenodo["publication_date"] == str(citation["date-released"])


def test_packages_say_who_made_them_and_under_which_licence() -> None:
    (author,) = PYTHON["authors"]
    assert author["name"] == NPM["author"]
    assert PYTHON["license"] == NPM["license"] == "MIT"
    assert PYTHON["urls"]["Repository"] in NPM["repository"]["url"]
    assert NPM["publishConfig"] == {"access": "public", "provenance": True}


def test_the_python_package_works_without_the_project(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "adapters_np", tmp_path / "adapters_np")
    command = [sys.executable, "-I", "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, share = done.stdout.split()
    modules = [*(ROOT / "adapters_np" / "methods").glob("[a-z]*.py")]
    assert (int(count), float(share)) == (len(modules), 1)
    assert (tmp_path / "adapters_np" / "py.typed").is_file()


def test_the_npm_package_is_one_module_and_what_says_what_it_is() -> None:
    command = ["npm", "pack", "--dry-run", "--json", "--offline"]
    done = subprocess.run(command, cwd=EMBED, capture_output=True, text=True, check=True)
    (packed,) = json.loads(done.stdout)
    files = {file["path"] for file in packed["files"]}
    assert files - {"LICENSE"} == {"adapter-embed.js", "package.json", "README.md"}
    code = (EMBED / "adapter-embed.js").read_text("utf-8")
    assert "import" not in re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)


def test_a_copy_of_the_site_shows_its_own_parts() -> None:
    site = Site("https://example.org/copy/", "Title", "Authors", "2026-01-02", "1.2.3")
    assert 'const HOME = "https://example.org/copy/";' in element(site)
    assert element(site).count("example.org") == 1


def test_the_workflow_publishes_releases_alone_and_with_provenance() -> None:
    workflow = (ROOT / ".github/workflows/packages.yml").read_text("utf-8")
    jobs = yaml.safe_load(workflow)["jobs"]
    for name in ("pypi", "npm"):
        assert jobs[name]["if"] == "github.event_name == 'release'"
        assert jobs[name]["permissions"]["id-token"] == "write"
    assert "--provenance" in workflow

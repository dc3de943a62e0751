"""Published packages are whole, tell who made them, and have one version."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from scripts.bootstrap import ROOT

PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
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
    versions = {PYTHON["version"], zenodo["version"], str(citation["version"])}
    assert len(versions) == 1
    assert zenodo["publication_date"] == str(citation["date-released"])


def test_the_python_package_works_without_the_project(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "adapters_np", tmp_path / "adapters_np")
    command = [sys.executable, "-I", "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, share = done.stdout.split()
    modules = [*(ROOT / "adapters_np" / "methods").glob("[a-z]*.py")]
    assert (int(count), float(share)) == (len(modules), 1)
    assert (tmp_path / "adapters_np" / "py.typed").is_file()

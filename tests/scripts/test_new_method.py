from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters_np.errors import KnobError
from scripts.new_method import new_method


def test_a_new_method_gets_a_page_a_module_and_a_test(tmp_path: Path) -> None:
    written = new_method("gain_map", tmp_path)
    names = {str(p.relative_to(tmp_path)) for p in written}
    assert names == {
        "docs/methods/gain_map.md",
        "adapters_np/methods/gain_map.py",
        "tests/adapters_np/methods/test_gain_map.py",
    }
    made: dict[str, Any] = {}
    exec((tmp_path / "adapters_np/methods/gain_map.py").read_text(), made)
    with pytest.raises(KnobError, match="groups=5 is larger than d_out=4"):
        made["GainMap"].init(np.eye(4), np.random.default_rng(0), groups=5)
    assert "title: Gain Map" in (tmp_path / "docs/methods/gain_map.md").read_text()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, "is not lower-case") for name in ("Gain", "3d", "a-b", "../x", "")),
        ("class", "name='class' does not do: class is a Python keyword"),
        ("none", "name='none' does not do: None is a Python keyword"),
    ],
)
def test_a_name_that_is_no_slug_or_a_keyword_is_refused(
    tmp_path: Path, name: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        new_method(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "methods" / "gain.md"
    page.parent.mkdir(parents=True)
    page.write_text("mine")
    with pytest.raises(FileExistsError, match="is there already"):
        new_method("gain", tmp_path)
    assert page.read_text() == "mine"
    assert not (tmp_path / "adapters_np").exists()

"""Cached results are made again when what they are made from differs, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cache import digest, kept, stamped, tidy


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_content_name_and_setting_make_a_difference_and_order_and_place_do_not(
    tmp_path: Path,
) -> None:
    a, b = write(tmp_path / "a.txt", "one"), write(tmp_path / "sub" / "b.txt", "two")
    first = digest(tmp_path, [a, b], "setting")
    assert digest(tmp_path, [b, a], "setting") == first
    assert digest(tmp_path, [a, b], "set", "ting") != first
    moved = b.rename(tmp_path / "b.txt")
    assert digest(tmp_path, [a, moved], "setting") != first
    other = tmp_path / "other"
    copies = [write(other / "a.txt", "one"), write(other / "sub" / "b.txt", "two")]
    assert digest(other, copies, "setting") == first
    copies[0].write_text("ONE")
    assert digest(other, copies, "setting") != first


def due(stamp: Path, key: str, *made: Path) -> bool:
    with stamped(stamp, key, *made) as stale:
        return stale


def test_a_step_is_due_until_it_succeeds_for_another_key_and_where_its_output_is_gone(
    tmp_path: Path,
) -> None:
    stamp, made = tmp_path / "made" / "stamp", write(tmp_path / "out", "text")
    with pytest.raises(RuntimeError), stamped(stamp, "one"):
        raise RuntimeError("failed half way")
    assert [due(stamp, key) for key in ("one", "one", "two", "two")] == [True, False, True, False]
    with pytest.raises(RuntimeError), stamped(stamp, "one"):
        raise RuntimeError("failed half way")
    assert due(stamp, "two", made)
    assert not due(stamp, "two", made)
    made.unlink()
    assert due(stamp, "two", made)


def test_a_file_is_made_once_and_whole_and_one_that_nobody_uses_is_removed(tmp_path: Path) -> None:
    folder, made = tmp_path / "kept", []

    def make() -> bytes:
        made.append(1)
        if len(made) == 1:
            raise RuntimeError("failed half way")
        return b"data"

    with pytest.raises(RuntimeError):
        kept(folder / "one", make)
    assert not (folder / "one").exists()
    first = kept(folder / "one", make)
    assert kept(folder / "one", make) == first
    assert (first.read_bytes(), len(made)) == (b"data", 2)
    second = kept(folder / "two", make)
    tidy(folder, [second])
    assert list(folder.iterdir()) == [second]

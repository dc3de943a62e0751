"""Cached results are made again when what they are made from differs, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cache import digest, kept, stamped, tidy


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# Stamps -------------------------------------------------------------------------------------------


def test_content_name_and_setting_make_a_difference_and_the_order_of_files_does_not(
    tmp_path: Path,
) -> None:
    a, b = write(tmp_path / "a.txt", "one"), write(tmp_path / "sub" / "b.txt", "two")
    first = digest(tmp_path, [a, b], "setting")
    assert digest(tmp_path, [b, a], "setting") == first
    assert digest(tmp_path, [a, b], "set", "ting") != first
    moved = b.rename(tmp_path / "b.txt")
    assert digest(tmp_path, [a, moved], "setting") != first
    moved.rename(b)
    a.write_text("ONE")
    assert digest(tmp_path, [a, b], "setting") != first


def test_a_copy_elsewhere_is_the_same(tmp_path: Path) -> None:
    roots = tmp_path / "one", tmp_path / "two"
    first, second = (digest(root, [write(root / "a.txt", "text")]) for root in roots)
    assert first == second


# A stamp ------------------------------------------------------------------------------------------


def due(stamp: Path, key: str, *made: Path) -> bool:
    with stamped(stamp, key, *made) as stale:
        return stale


def test_a_step_is_due_until_it_succeeds_and_again_for_another_key(tmp_path: Path) -> None:
    stamp = tmp_path / "made" / "stamp"
    with pytest.raises(RuntimeError), stamped(stamp, "one"):
        raise RuntimeError("failed half way")
    assert [due(stamp, key) for key in ("one", "one", "two", "two")] == [True, False, True, False]


def test_a_step_that_fails_on_a_new_key_is_due_on_the_old_one_too(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    assert due(stamp, "one")
    with pytest.raises(RuntimeError), stamped(stamp, "two"):
        raise RuntimeError("failed half way")
    assert due(stamp, "one")


def test_a_step_is_due_where_what_it_made_is_gone(tmp_path: Path) -> None:
    stamp, made = tmp_path / "stamp", write(tmp_path / "made", "text")
    assert due(stamp, "one", made)
    made.unlink()
    assert due(stamp, "one", made)


# A name -------------------------------------------------------------------------------------------


def test_a_file_is_made_once_and_one_that_nobody_uses_is_removed(tmp_path: Path) -> None:
    folder, made = tmp_path / "kept", []

    def make() -> bytes:
        made.append(1)
        return b"data"

    first = kept(folder / "one", make)
    assert kept(folder / "one", make) == first
    assert (first.read_bytes(), len(made)) == (b"data", 1)
    second = kept(folder / "two", make)
    tidy(folder, [second])
    assert list(folder.iterdir()) == [second]


def test_a_file_that_fails_half_way_is_not_there(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("failed half way")

    with pytest.raises(RuntimeError):
        kept(tmp_path / "one", fail)
    assert not (tmp_path / "one").exists()

from __future__ import annotations

import pytest

from scripts.bootstrap import SetupError
from scripts.catalog.exports import read_site
from scripts.finish.paper import SOURCE, pdf

TEXT = SOURCE.read_text("utf-8")


def test_the_same_tables_give_the_same_bytes() -> None:
    one = pdf(read_site(), TEXT)
    assert one.startswith(b"%PDF")
    assert one == pdf(read_site(), TEXT)


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ('#holds("together: places, word", "supported")', "together: places, word"),
        ('#fact("together: nothing, word")', "nothing"),
        ("#nonsense", "nonsense"),
    ],
)
def test_a_sentence_that_no_longer_fits_is_named(sentence: str, says: str) -> None:
    with pytest.raises(SetupError, match=f"paper.typ: .*{says}"):
        pdf(read_site(), f"{TEXT}\n{sentence}\n")

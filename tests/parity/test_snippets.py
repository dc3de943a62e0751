"""The configurations that pages show, against the recorded signatures of PEFT's config classes."""

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.catalog import read
from scripts.catalog.records import Method, Peft
from scripts.catalog.signatures import PEFT
from scripts.macros.method import Furniture
from scripts.macros.page import Page

RECORDED = PEFT["signatures"]
METHODS = [m for m in read().methods.values() if isinstance(m.peft, Peft)]


def snippet(method: Method) -> str:
    page: Any = SimpleNamespace(url=method.url, meta={})
    text = Furniture(Page(SimpleNamespace(page=page))).peft_config()
    return text.partition("```python\n")[2].partition("```")[0]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.slug)
def test_a_page_calls_pefts_config_with_arguments_that_it_has(method: Method) -> None:
    tree = ast.parse(snippet(method))
    (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert isinstance(call.func, ast.Name)
    assert call.keywords
    assert not call.args
    unknown = {k.arg for k in call.keywords} - set(RECORDED[call.func.id])
    assert not unknown, f"{call.func.id} has no {unknown}"

"""Every shipped record survives its form: what an editor does not touch does not change."""

from __future__ import annotations

import pytest

from bot.editing.forms import PLAIN, basis_from, body_from, fields_of
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.entries import KINDS, Entry, name_of, record, validated
from knowledge.schema import ContentError


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize("kind", list(PLAIN))
def test_nothing_is_lost_in_a_form(catalogue: Catalogue, kind: str) -> None:
    for row in getattr(catalogue, KINDS[kind].field):
        key = name_of(kind, row)
        body = record(catalogue, kind, key)
        assert body is not None
        # A browser sends line ends of its own.
        fields = {name: value.replace("\n", "\r\n") for name, value in fields_of(kind, body).items()}
        assert validated(Entry(kind, key, body_from(kind, key, fields))) == row


def test_empty_blocks_add_nothing_and_emptied_ones_are_gone(catalogue: Catalogue) -> None:
    body = record(catalogue, "guide", "wages")
    assert body is not None
    fields = fields_of("guide", body)
    count = len(body["sections"][0]["statements"])
    fields |= {f"section.0.{count}.text": " ", f"section.0.{count}.basis": "", "section.0.0.text": ""}
    fields |= {f"section.{len(body['sections'])}.{name}": "" for name in ("id", "title", "facet", "questions")}
    made = body_from("guide", "wages", fields)
    assert made["sections"][0]["statements"] == body["sections"][0]["statements"][1:]
    assert made["sections"][1:] == body["sections"][1:]


@pytest.mark.parametrize("line", ["劳动法第五十条", "法律｜劳动法", "来源｜某网站", "别的｜x｜y", "报告｜"])
def test_a_line_that_cannot_be_understood_is_told(line: str) -> None:
    with pytest.raises(ContentError, match="看不懂"):
        basis_from(line)

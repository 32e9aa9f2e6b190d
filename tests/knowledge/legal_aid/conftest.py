"""The pre-check on the shipped content; nothing of it needs the embedding model."""

from __future__ import annotations

import pytest

from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.legal_aid.precheck import PreCheck
from knowledge.passages import Citer, document_passages, routes
from knowledge.records import Answer, Status


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def check(catalogue: Catalogue) -> PreCheck:
    def status(reason: str) -> Answer:
        row = catalogue.status[reason]
        doors = routes(catalogue, row.routes)
        return Answer(Status(row.status), row.reason, row.text, routes=doors, follow_ups=row.follow_ups)

    return PreCheck(catalogue, Citer(catalogue, document_passages(catalogue, CONTENT)), status)

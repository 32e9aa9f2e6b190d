"""Residents of the whole product, started once."""

from __future__ import annotations

import pytest

from tests.journeys.resident import Resident


@pytest.fixture
def resident(service_url: str) -> Resident:
    return Resident(service_url)

"""One service with the demonstration data for all clients, and what was submitted to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.submitted import ENTRY_EXIT, Submitted
from tests.served import Service, demonstration


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, behind a real socket."""
    with demonstration(tmp_path_factory.mktemp("clients")) as running:
        yield running


@pytest.fixture(scope="session")
def submitted() -> Submitted:
    """Entries and exits as they were sent."""
    return Submitted(ENTRY_EXIT)

"""A house with its worker for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from app.store.pools import Pools
from tests.sending.desk import House, open_house


@pytest.fixture
async def house(pools: Pools, settings: Settings) -> AsyncIterator[House]:
    async with open_house(pools, settings) as opened:
        yield opened


@pytest.fixture
async def quiet_house(pools: Pools, settings: Settings) -> AsyncIterator[House]:
    """A house in which nobody works on what arrives."""
    async with open_house(pools, settings, worker=False) as opened:
        yield opened

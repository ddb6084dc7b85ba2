"""What is left of a service whose supervisor was killed does not stand in the way of the next."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fault.service import Service


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_killed_server_is_started_again_on_the_same_port(
    processes: int, tmp_path: Path
) -> None:
    service = Service(tmp_path, processes=processes)
    try:
        await service.start()
        assert service.kill_server() is not None
        await asyncio.sleep(1)
        await service.start()
        assert service.failed_starts == []
    finally:
        left = await asyncio.to_thread(service.stop)
    assert left == []

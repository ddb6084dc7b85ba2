"""Sending a file as a data provider does: a token, the file, the decision."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from app.services.add_client import NewClient, add_client
from bench.http_client import Http, Reply
from bench.service import Service
from bench.shapes import Cube, month, value
from bench.structures import AGENCY

PAUSE_SECONDS = 0.02


class Decision(NamedTuple):
    """What became of a file, and the seconds that took."""

    submission: dict[str, Any]
    seconds: float


class Sender:
    """A program of a data provider."""

    def __init__(self, http: Http, client: NewClient) -> None:
        self._http = http
        self._client = client

    @classmethod
    def register(cls, service: Service, organisation: str) -> Sender:
        """Register a program, as the operator does."""
        return cls(service.http(), asyncio.run(_register(service.dsn, organisation)))

    def send(self, file: Path, content_type: str = "text/csv") -> float:
        """Send a file and wait until it is published; return the seconds that took."""
        return self.decide(file, "published", content_type).seconds

    def decide(self, file: bytes | Path, wanted: str, content_type: str = "text/csv") -> Decision:
        """Send a file and wait until it is decided, as wanted."""
        token = self._token()
        begin = time.perf_counter()
        reply = self._http.post(
            "/api/submissions", file, Authorization=token, Content_Type=content_type
        )
        submission = reply.json()
        while submission.get("state") in {"received", "validating"}:
            time.sleep(PAUSE_SECONDS)
            address = f"/api/submissions/{submission['id']}"
            submission = self._http.get(address, keep=True, Authorization=token).json()
        if submission.get("state") != wanted:
            raise RuntimeError(f"the file is not {wanted}: {submission}")
        return Decision(submission, time.perf_counter() - begin)

    def get(self, path: str) -> Reply:
        """Ask for what is the program's own."""
        return self._http.ok(path, Authorization=self._token())

    def _token(self) -> str:
        credential = f"{self._client.client_id}:{self._client.client_secret}"
        reply = self._http.post(
            "/oauth/token",
            b"grant_type=client_credentials",
            Authorization=f"Basic {base64.b64encode(credential.encode()).decode()}",
            Content_Type="application/x-www-form-urlencoded",
        )
        return f"Bearer {reply.json()['access_token']}"


def write_message(cube: Cube, flow: str, message: Path, rows: Path, places: Iterable[int]) -> None:
    """Write periods of all series as SDMX-CSV, and the same rows without header for COPY."""
    times = [(place, month(place)) for place in places]
    header = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *cube.dimensions]
    identity = f"dataflow,{AGENCY}:{flow}(1.0.0),M,"
    with message.open("w") as sdmx, rows.open("w") as plain:
        sdmx.write(",".join([*header, "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"]) + "\n")
        for number, key in cube.series():
            head = ",".join(key)
            lines = [f"{head},{time},{value(number, place)},A\n" for place, time in times]
            plain.writelines(lines)
            sdmx.writelines([identity + line for line in lines])


async def _register(dsn: str, organisation: str) -> NewClient:
    settings = {"role": "vipmg_writer"}
    async with asyncpg.create_pool(dsn, min_size=1, server_settings=settings) as pool:
        return await add_client(pool, organisation, note="bench")

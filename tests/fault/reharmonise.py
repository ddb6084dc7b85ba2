"""Kill the running service while it reads history again through a map, and see that all is whole.

python -m tests.fault.reharmonise

The service waits at the steps of a re-harmonisation (`mutants/sitecustomize.py`, `waiting`), so
that each kill falls in the step that it is meant for, however fast the machine is.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import open_pools
from app.store.registry_publication import publish
from tests.fault.exchange import CSV, Client
from tests.fault.service import Service
from tests.fault.verdict import JOURNAL, LEDGER, Verdict, await_idle, check_ledger, check_replay
from tests.mapped import national_file
from tests.maps.desk import DRAFT, draft, draft_table, structures
from tests.national import GROUPS
from tests.structures import CRI, START

DATA: Final = "/sdmx/v2/data/dataflow/TST/DF_RET/1.0.0"
YEARS: Final = range(2020, 2024)
BOYS: Final = {"Niños": "_T Y0T17"}
SECONDS: Final = 60.0

Figures = dict[str, str]
KILLS: Final = (("worker", "publishing"), ("database", "publishing"), ("worker", "reading"))
STEP: Final = """
SELECT state, phase, EXISTS (
  SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '0.4 s'
) AS in_transaction
FROM submission WHERE id = $1::uuid
"""


@dataclass(frozen=True)
class Step:
    """Where a re-harmonisation is; `in_transaction`: somebody rests in a transaction."""

    state: str
    phase: str | None
    in_transaction: bool

    def rests_at(self, phase: str) -> bool:
        """Whether it waits in a phase, with figures written where that publishes."""
        return self.phase == phase and (phase == "reading" or self.in_transaction)


@dataclass
class Outcome:
    """What a run found.

    Attributes:
        replies: how often the public read while history was read again.
        killed: what was killed, in which phase.
    """

    found: dict[str, list[str]] = field(default_factory=dict)
    replies: int = 0
    killed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not any(self.found.values())

    def lines(self) -> list[str]:
        """It as text."""
        counts = "  ".join(f"{name} {len(each)}" for name, each in self.found.items())
        told = [f"{', '.join(self.killed)}; {self.replies} replies, {self.seconds:.0f} s", counts]
        return told + [f"  {n}: {text[:400]}" for n, each in self.found.items() for text in each]


def files() -> list[str]:
    """The files of a country, each of a year; a later one corrects a month of the one before."""
    listed = []
    for number, year in enumerate(YEARS):
        rows = [
            f"{_month(month)} {year},{group},Costa Rica,{100 * number + 10 * month + place}"
            for month in range(1, 13)
            for place, group in enumerate(GROUPS, 1)
        ]
        listed.append(national_file(*rows, f"enero {year - 1},Niños,Costa Rica,{number}"))
    return listed


def _month(number: int) -> str:
    names = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    return [*names.split(), "diciembre"][number - 1]


async def run(
    folder: Path, changes: Sequence[str] = (), kills: Sequence[tuple[str, str]] = KILLS
) -> Outcome:
    """Send, activate, kill in each step, and look at what has come of it."""
    begin = time.monotonic()
    outcome = Outcome()
    service = Service(folder, [*changes, "waiting", "hasty"])
    try:
        await service.start()
        async with httpx.AsyncClient(base_url=service.url, timeout=30, trust_env=False) as http:
            provider, agency = await _clients(service, http)
            for file in files():
                await _send(provider, file)
            before = await _figures(http)
            order = await _activate(agency)
            reading = asyncio.create_task(_read(http, stop := asyncio.Event()))
            try:
                await _kill(service, order, kills, outcome)
                await _until(service, order, lambda step: step.state == "published")
            finally:
                stop.set()
                seen = await reading
            await service.ready()
            await await_idle(service.dsn, time.monotonic() + SECONDS)
            after = {key.replace(".M.Y0T17.", "._T.Y0T17."): value for key, value in before.items()}
            outcome.replies = len(seen)
            outcome.found["half"] = [
                f"a reply has {len(one)} figures, {len(one.items() - before.items())} of them new"
                for one in seen
                if one not in (before, after)
            ]
            if await _figures(http) != after:
                outcome.found["lost"] = ["the figures are not those of the map"]
        await _judge(service.dsn, order, outcome)
    finally:
        left = await asyncio.to_thread(service.stop)
    outcome.found["failed starts"] = service.failed_starts
    outcome.found["left running"] = left
    outcome.seconds = time.monotonic() - begin
    return outcome


async def _clients(service: Service, http: httpx.AsyncClient) -> tuple[Client, Client]:
    """The structures of the country, its program, and one of the agency."""
    pools = await open_pools(service.dsn, Settings(data_dir=service.data_dir, database_pool_size=2))
    try:
        table = draft_table(GROUPS | BOYS)
        replaced = {table.urn, draft(table).urn}
        listed = [one for one in structures() if one.urn not in replaced]
        async with pools.writer.acquire() as connection:
            await publish(connection, [*listed, table, draft(table)], START)
        made = [
            await add_client(pools.writer, CRI),
            await add_client(pools.writer, "OCAM", agencies=["TST"]),
        ]
    finally:
        await pools.close()
    provider, agency = (Client(http, (one.client_id, one.client_secret or "")) for one in made)
    return provider, agency


async def _send(provider: Client, file: str) -> None:
    headers = {"Content-Type": CSV, "Prefer": "wait=30"}
    reply = await provider.request("POST", "/api/submissions", content=file, headers=headers)
    assert reply.status_code == 201, reply.text
    assert reply.json()["state"] == "published", reply.text


async def _activate(agency: Client) -> str:
    reply = await agency.request("POST", f"/api/maps/{DRAFT}/activate", json={"reharmonise": True})
    assert reply.status_code == 202, reply.text
    [one] = reply.json()["reharmonisations"]
    order: str = one["submission"]
    return order


async def _figures(http: httpx.AsyncClient) -> Figures:
    """What the public sees, by key and period."""
    reply = await http.get(DATA, headers={"Accept": CSV})
    reply.raise_for_status()
    head, *lines = reply.text.splitlines()
    names = head.split(",")
    places = [names.index(name) for name in ("REF_AREA", "SEX", "AGE", "TIME_PERIOD")]
    told = (line.split(",") for line in lines)
    value = names.index("OBS_VALUE")
    return {".".join(cells[place] for place in places): cells[value] for cells in told}


async def _read(http: httpx.AsyncClient, stop: asyncio.Event) -> list[Figures]:
    """Read again and again; while the service is away there is no reply to judge."""
    seen = []
    while not stop.is_set():
        with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
            seen.append(await _figures(http))
        await asyncio.sleep(0.1)
    return seen


async def _kill(
    service: Service, order: str, kills: Sequence[tuple[str, str]], outcome: Outcome
) -> None:
    """Kill in the steps that are asked for, one after the other.

    What a dead worker was at is told until the next begins, so a step never follows on itself:
    another is awaited between.
    """
    last = None
    for what, phase in kills:
        if phase == last:
            await _until(service, order, lambda step, phase=phase: step.phase not in (None, phase))
        await _until(service, order, lambda step, phase=phase: step.rests_at(phase))
        kill = service.kill_worker if what == "worker" else service.kill_postmaster
        assert await asyncio.to_thread(kill) is not None
        outcome.killed.append(f"{what} at {phase}")
        last = phase


async def _until(service: Service, order: str, reached: Callable[[str, str | None], bool]) -> None:
    """Wait until the re-harmonisation has come to a step.

    Raises:
        TimeoutError: it never does.
    """
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                connection = await asyncpg.connect(service.dsn, timeout=5)
                try:
                    row = await connection.fetchrow(STEP, order)
                finally:
                    await connection.close()
                if row is not None and reached(Step(**row)):
                    return
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pass  # the database is coming back
            await asyncio.sleep(0.05)


async def _judge(dsn: str, order: str, outcome: Outcome) -> None:
    """Once in the ledger, with all its rows; journals lead to what stands; nothing is left."""
    verdict = Verdict()
    connection = await asyncpg.connect(dsn)
    try:
        ledger = await connection.fetch(LEDGER)
        changes = await connection.fetch(JOURNAL)
        await check_ledger(connection, ledger, verdict)
        await check_replay(connection, changes, verdict)
        if left := await connection.fetchval("SELECT count(*) FROM pgqueuer.pgqueuer"):
            verdict.stuck.append(f"{left} jobs are left in the queue")
    finally:
        await connection.close()
    places = [row["sequence"] for row in ledger if row["action"] == "reharmonisation"]
    if len(places) != 1:
        verdict.doubled.append(f"the ledger tells of {len(places)} re-harmonisations: {places}")
    for row in changes:
        if row["published_at"] is None:
            verdict.half.append(f"{row['key']} of {row['publication_id']} is in no ledger")
    for name, listed in verdict.findings().items():
        outcome.found.setdefault(name, []).extend(listed)


def main() -> int:
    """Run once; the status is 1 when something was found."""
    folder = Path(tempfile.mkdtemp(prefix="vipmg-reharmonise-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must pass through
    try:
        outcome = asyncio.run(run(folder, tuple(sys.argv[1:])))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(outcome.lines()))
    return 0 if outcome.sound else 1


if __name__ == "__main__":
    sys.exit(main())

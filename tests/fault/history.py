"""Mixed files and their undoing under kill -9: what is stored is what the ledger's order gives.

python -m tests.fault.history --target app|worker|db --kills 20 --writers 16 --seed 1

Writers send files of overlapping cells with all actions, and roll back and withdraw their own.
At the end the accepted files are replayed in the order of the ledger by a model that knows nothing
of journals and rooms (`tests.undo.model`), and compared with what is stored; what is computed from
it, the sums over groups of countries, with a reckoning of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import httpx
import orjson

from app.sdmx import series
from app.services.add_client import add_client
from app.settings import Settings
from app.store.ledger import verify_chain
from app.store.pools import open_pools
from tests.fault.clients import UNDECIDED, Journal, note_refusal
from tests.fault.crash import TARGETS, Plan, Report, kill_again_and_again
from tests.fault.exchange import CITIZENSHIPS, CSV, FLOW, HEADER, ORGANISATIONS, Client
from tests.fault.service import Service
from tests.fault.verdict import await_idle
from tests.undo.model import Model, Row, send

MUTANTS = ("forgetful", "stale", "shallow")
PERIODS = [f"2024-{month:02}" for month in range(1, 7)]
SERIES = 12
ROWS = 60
"""Most rows of a file: few cells, so that files meet."""

SETTLE_SECONDS = 180.0
LEAST = {"file": 60, "rollback": 8, "withdrawal": 3}
"""So much has to be acknowledged before a run ends."""

OWN = ("OBS_VALUE", "OBS_STATUS")
"""Components of an observation that differ from file to file."""


COMPUTER = "INT_VIPMG"
"""The provider of what the exchange computes."""

CODELISTS = Path(__file__).parents[2] / "codelists"
Cells: TypeAlias = dict[tuple[str, str], dict[str, Any]]

_SERIES = """
SELECT s.key, s.observations, a.provider FROM series AS s JOIN agreement AS a ON a.id = agreement_id
"""


@dataclass(slots=True, eq=False)
class Act:
    """What a writer does, and what it knows of it.

    Attributes:
        kind: `file`, `rollback` or `withdrawal`.
        rows: of a file.
        parent: the act that is undone.
        refused: the service says that it cannot be undone now.
    """

    key: str
    kind: str
    begun: float
    rows: list[Row] = field(default_factory=list)
    parent: Act | None = None
    submission: str | None = None
    sequence: int | None = None
    state: str | None = None
    refused: bool = False
    undone: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be learned of it."""
        return self.refused or self.state is not None


class HistoryWriter:
    """Sends mixed files, and undoes some of them."""

    def __init__(
        self, number: int, organisation: str, client: Client, journal: Journal, seed: str
    ) -> None:
        self.client = client
        self.acts: list[Act] = []
        self._number = number
        self._area = organisation[:3]
        self._journal = journal
        self._chance = random.Random(f"{seed} history {number}")

    async def run(self, stop: asyncio.Event) -> None:
        """Act until told to stop."""
        while not stop.is_set():
            act = self._next()
            while act.submission is None and not act.refused and not stop.is_set():
                await self.deliver(act)
            for _ in range(400):
                if act.is_over or stop.is_set() or self._chance.random() < 0.02:
                    break
                await self.ask(act)
                await asyncio.sleep(0.05)

    async def deliver(self, act: Act) -> None:
        """Ask for an act once, always under its own key."""
        headers = {"Idempotency-Key": act.key}
        try:
            if act.kind == "file":
                headers["Content-Type"] = CSV
                reply = await self.client.request(
                    "POST", "/api/submissions", content=self._body(act), headers=headers
                )
            else:
                assert act.parent is not None
                address = f"/api/submissions/{act.parent.submission}/{act.kind}"
                order = {"reason": f"of {act.key}"}
                reply = await self.client.request("POST", address, json=order, headers=headers)
        except httpx.TransportError:
            self._journal.counts["unknown"] += 1
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))
            return
        if reply.status_code in {200, 201, 202}:
            act.submission = reply.json()["id"]
            self._journal.counts["acked"] += 1
            self._journal.counts[act.kind] += 1
        elif reply.status_code == 409 and act.kind != "file":
            act.refused = True
            self._journal.counts["refused"] += 1
        elif reply.status_code in {409, 422}:
            act.refused = True
            self._journal.wrong.append(f"{act.key} was refused: {reply.text[:300]}")
        else:
            note_refusal(self._journal, reply)
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def ask(self, act: Act) -> None:
        """Ask once what has become of an act."""
        with contextlib.suppress(httpx.TransportError):
            reply = await self.client.request("GET", f"/api/submissions/{act.submission}")
            if reply.status_code == 200 and reply.json()["state"] not in UNDECIDED:
                told = reply.json()
                act.state, act.sequence = told["state"], told["sequence"]
                self._journal.newest = max(self._journal.newest, act.begun)
            elif reply.status_code not in {200, 404}:
                note_refusal(self._journal, reply)

    def _next(self) -> Act:
        key = str(uuid.UUID(int=self._chance.getrandbits(128)))
        act = Act(key, "file", time.monotonic())
        known = [a for a in self.acts if a.sequence is not None and not a.undone]
        if known and self._chance.random() < 0.3:
            act.parent = self._chance.choice(known)
            act.parent.undone = True
            act.kind = "rollback"
            if act.parent.kind == "file" and self._chance.random() < 0.4:
                act.kind = "withdrawal"
        else:
            act.rows = self._rows()
        self.acts.append(act)
        return act

    def _rows(self) -> list[Row]:
        found: dict[tuple[str, str], Row] = {}
        value = self._number * 1_000_000 + len(self.acts) + 1
        for number in range(self._chance.randrange(1, ROWS)):
            key = f"{self._area}.{self._chance.choice(CITIZENSHIPS[:SERIES])}"
            period = self._chance.choice(PERIODS)
            # The first row puts: so no two files have the same bytes.
            action = "R" if number == 0 else self._chance.choice("MRRD")
            cells = {"OBS_VALUE": str(value), "OBS_STATUS": self._chance.choice("AEP")}
            row = (action, key, period, {} if action == "D" else cells)
            found.setdefault((key, period), row)
        return list(found.values())

    def _body(self, act: Act) -> bytes:
        return "\n".join([HEADER, *map(_line, act.rows), ""]).encode()


def _line(row: Row) -> str:
    action, key, period, cells = row
    area, citizenship = key.split(".")
    head = f"dataflow,{FLOW},{action},M,{area},ENT,REG,{citizenship}"
    place = f"{head},_T,_T,_T,_T,_T,_T,_T,EVT,{period}"
    if not cells:
        return f"{place},,,,,"
    return f"{place},{cells['OBS_VALUE']},0,0,{cells['OBS_STATUS']},F"


@dataclass
class Found:
    """What the checks found, by kind; nothing is what is wanted."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


async def judge(dsn: str, acts: list[Act]) -> tuple[Found, int]:
    """Replay what was accepted in the order of the ledger, and compare; with the checks made."""
    found = Found()
    connection = await asyncpg.connect(dsn)
    try:
        if (broken := await verify_chain(connection)) is not None:
            found.ledger.append(f"the chain breaks at {broken}")
        ledger = await connection.fetch("SELECT * FROM ledger ORDER BY sequence")
        submissions = await connection.fetch("SELECT * FROM submission")
        stored = await connection.fetch(_SERIES)
        if left := await connection.fetchval("SELECT count(*) FROM pgqueuer.pgqueuer"):
            found.stuck.append(f"{left} jobs are left in the queue")
    finally:
        await connection.close()
    model, places = _replayed(acts, ledger, submissions, found)
    held = _cells(row for row in stored if row["provider"] != COMPUTER)
    _compare(model, held, found)
    _compare_sums(held, _cells(row for row in stored if row["provider"] == COMPUTER), found)
    _check_states(model, places, submissions, acts, found)
    return found, len(model.writes) + len(acts)


def _replayed(
    acts: list[Act], ledger: list[Any], submissions: list[Any], found: Found
) -> tuple[Model, dict[str, int]]:
    """The model after all publications, and the place of each submission in the ledger."""
    by_key = {act.key: act for act in acts}
    by_object = {f"submission/{row['id']}": row for row in submissions}
    model, places = Model(), {}
    for entry in ledger:
        if entry["action"] == "derivation":
            continue
        row = by_object.get(entry["object"])
        act = None if row is None else by_key.get(row["idempotency_key"])
        if act is None or row is None:
            found.ledger.append(f"{entry['action']} of {entry['object']} that nobody asked for")
            continue
        if entry["object"] in places:
            found.doubled.append(f"{entry['object']} was published twice")
        place = places[entry["object"]] = entry["sequence"]
        if act.kind == "file":
            send(model, place, act.rows)
            continue
        parent = places.get(f"submission/{row['parent_id']}")
        if parent is None:
            found.ledger.append(f"{entry['object']} undoes what was not published before it")
            continue
        do = model.roll_back if act.kind == "rollback" else model.withdraw
        do(place, parent)
    return model, places


def _cells(stored: Iterable[Any]) -> Cells:
    held: Cells = {}
    for row in stored:
        key = f"{row['key'][1]}.{row['key'][4]}"
        for period, observation in series.observations(orjson.loads(row["observations"])).items():
            held[key, period] = {name: observation.get(name) for name in OWN}
    return held


def _compare(model: Model, held: Cells, found: Found) -> None:
    expected = {(key, period): value for (_, key, period), value in model.state.items()}
    for cell in expected.keys() | held.keys():
        if expected.get(cell) != held.get(cell):
            found.order.append(f"{cell}: {held.get(cell)}, not {expected.get(cell)}")


def _compare_sums(reported: Cells, computed: Cells, found: Found) -> None:
    expected: dict[tuple[str, str], int] = defaultdict(int)
    groups = _groups()
    for (key, period), cells in reported.items():
        area, citizenship = key.split(".")
        for group in groups[area]:
            expected[f"{group}.{citizenship}", period] += int(cells["OBS_VALUE"] or 0)
    told = {cell: int(values["OBS_VALUE"] or 0) for cell, values in computed.items()}
    for cell in expected.keys() | told.keys():
        if expected.get(cell) != told.get(cell):
            found.order.append(f"{cell}: a sum of {told.get(cell)}, not {expected.get(cell)}")


def _groups() -> dict[str, list[str]]:
    """The groups of countries that are summed over, by member; from the shared structures."""
    flow = _shared("dataflow", "DF_ENTRY_EXIT_REGION")
    summed = next(one["value"] for one in flow["annotations"] if one["id"] == "GROUPS").split()
    found: dict[str, list[str]] = defaultdict(list)
    for group in _shared("hierarchy", "H_AREA_ORG")["hierarchicalCodes"]:
        for member in group["hierarchicalCodes"] if group["id"] in summed else ():
            found[member["code"].rpartition(".")[2]].append(group["id"])
    return found


def _shared(kind: str, name: str) -> dict[str, Any]:
    message = orjson.loads((CODELISTS / kind / f"VIPMG.{name}.1.0.0.json").read_bytes())
    [[artefact]] = message["data"].values()
    found: dict[str, Any] = artefact
    return found


def _check_states(
    model: Model, places: dict[str, int], submissions: list[Any], acts: list[Act], found: Found
) -> None:
    rows = {row["idempotency_key"]: row for row in submissions}
    for act in acts:
        row = rows.get(act.key)
        if row is None:
            if act.submission is not None:
                found.lost.append(f"{act.kind} {act.key}, acknowledged as {act.submission}")
            continue
        if act.submission is not None and str(row["id"]) != act.submission:
            found.lost.append(f"{act.key}, acknowledged as {act.submission}, is {row['id']}")
        place = places.get(f"submission/{row['id']}")
        if row["sequence"] != place:
            found.lost.append(f"{row['id']} says {row['sequence']}, the ledger says {place}")
        if place is None:
            if row["state"] in UNDECIDED:
                found.stuck.append(f"{row['id']} is {row['state']}")
            elif act.kind == "file" or row["state"] != "rejected":
                found.states.append(f"{act.kind} {row['id']} is {row['state']}")
            continue
        how = model.stands(place)
        expected = {"rollback": "rolled back", "withdrawal": "withdrawn"}.get(how or "")
        if expected is None:
            gone = act.kind == "file" and model.wrote(place) and not model.is_current(place)
            expected = "superseded" if gone else "published"
        if row["state"] != expected:
            found.states.append(f"{act.kind} {row['id']} is {row['state']}, not {expected}")


async def run(plan: Plan, folder: Path) -> Report:
    """Carry out a plan in an empty folder; everything is stopped when it returns."""
    begin = time.monotonic()
    report, journal = Report(plan), Journal()
    service = Service(folder, plan.changes)
    try:
        await service.start()
        async with _writers(service, plan, journal) as writers:
            stop = asyncio.Event()
            working = [asyncio.create_task(each.run(stop)) for each in writers]
            try:
                await kill_again_and_again(plan, service, journal, report, working)
                await _until_enough(journal)
            finally:
                stop.set()
                await asyncio.gather(*working)
            await service.ready()
            await _settle(writers, service.dsn)
        acts = [act for writer in writers for act in writer.acts]
        found, report.checks = await judge(service.dsn, acts)
        report.findings = {**vars(found), "wrong": journal.wrong}
        report.counts = journal.counts
    finally:
        left = await asyncio.to_thread(service.stop)
    report.findings["failed starts"] = service.failed_starts
    report.findings["left running"] = left
    report.seconds = time.monotonic() - begin
    return report


@contextlib.asynccontextmanager
async def _writers(
    service: Service, plan: Plan, journal: Journal
) -> AsyncIterator[list[HistoryWriter]]:
    seed = f"{plan.seed} {plan.target}"
    settings = Settings(data_dir=service.data_dir, database_pool_size=2)
    async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as http:
        pools = await open_pools(service.dsn, settings)
        writers = []
        try:
            for number in range(1, plan.writers + 1):
                name = ORGANISATIONS[number % len(ORGANISATIONS)]
                new = await add_client(pools.writer, name)
                client = Client(http, (new.client_id, new.client_secret or ""))
                writers.append(HistoryWriter(number, name, client, journal, seed))
        finally:
            await pools.close()
        yield writers


async def _until_enough(journal: Journal) -> None:
    """Go on until there is some history, also where the kills were soon done."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while any(journal.counts[kind] < least for kind, least in LEAST.items()):
        if time.monotonic() > deadline:
            journal.wrong.append(f"too little came about: {dict(journal.counts)}")
            return
        await asyncio.sleep(0.1)


async def _settle(writers: list[HistoryWriter], dsn: str) -> None:
    """Resolve what is unknown by asking again; wait for all verdicts and for the queue."""
    deadline = time.monotonic() + SETTLE_SECONDS

    async def resolve(writer: HistoryWriter) -> None:
        for act in writer.acts:
            while act.submission is None and not act.refused and time.monotonic() < deadline:
                await writer.deliver(act)
        for act in writer.acts:
            while not act.is_over and time.monotonic() < deadline:
                await writer.ask(act)
                await asyncio.sleep(0.05)

    await asyncio.gather(*(resolve(writer) for writer in writers))
    await await_idle(dsn, deadline)


def main() -> int:
    """Read the plan from the command line; the status is 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.history", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, default="app")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--hasty", action="store_true", help="shorten the wait for dead workers")
    given = parser.parse_args()
    plan = Plan(given.target, given.kills, given.writers, given.seed, given.mutant, given.hasty)
    print(f"seed {plan.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="vipmg-history-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must pass through
    try:
        report = asyncio.run(run(plan, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(report.lines()))
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())

"""Writers, readers and a follower: programs of the outside, HTTP only, and what they remember."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.fault.exchange import (
    BULK_MODE,
    BULK_ORGANISATION,
    CSV,
    JSON,
    PATH,
    RINGS,
    Cells,
    Client,
    File,
    ProtocolError,
    Ring,
    cells_of_csv,
    cells_of_json,
)

UNDECIDED = {"received", "validating", "failed"}
AWAY = {502, 503, 504, 507}
FOLLOW_SECONDS = 60.0
ABANDONED = 0.25
"""Share of the unknown outcomes that a writer leaves as they are until the end of the run."""


@dataclass(frozen=True, slots=True)
class Read:
    """A ring as a reader saw it: when it asked, and the one value, if there was any."""

    begun: float
    ring: Ring
    value: int | None


@dataclass(slots=True)
class Journal:
    """What all clients remember of a run."""

    files: list[File] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    follows: list[tuple[str, dict[Ring, int]]] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    newest: float = 0.0
    """When the newest of the files that are decided was sent."""

    def decided(self, file: File, told: dict[str, object]) -> None:
        """Take down a decision; only one verdict is right, as all files are."""
        if told["state"] not in {"published", "superseded"}:
            self.wrong.append(f"{file.key} was decided {told['state']}: {told['findings']}")
            return
        self.newest = max(self.newest, file.begun)
        sequence = told["sequence"]
        assert isinstance(sequence, int)
        if file.sequence not in (None, sequence):
            self.wrong.append(f"{file.key} was published as {file.sequence} and as {sequence}")
        file.sequence = sequence
        file.published_at = file.published_at or time.monotonic()


class Writer:
    """Sends file after file, each under its own key, and asks for the verdict of most."""

    def __init__(
        self, number: int, organisation: str, client: Client, journal: Journal, seed: str
    ) -> None:
        self.client = client
        self.files: list[File] = []
        self._number = number
        self._organisation = organisation
        self._journal = journal
        self._chance = random.Random(f"{seed} writer {number}")

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop."""
        while not stop.is_set():
            file = self._next()
            await self.deliver(file, stop, patient=False)
            if file.acknowledged and self._chance.random() < 0.8:
                await self.follow(file, stop)

    async def deliver(self, file: File, stop: asyncio.Event, *, patient: bool) -> None:
        """Send a file until it is acknowledged, or give up where the outcome is unknown."""
        wait = 20 if self._chance.random() < 0.5 else None
        while not file.acknowledged:
            try:
                reply = await self.client.post(file, wait)
                if self._take(file, reply):
                    return
            except httpx.TransportError:
                pass
            # A 503 is as unknown: the database may have gone after the commit.
            self._journal.counts["unknown"] += not file.was_unknown
            file.was_unknown = True
            if not patient and (stop.is_set() or self._chance.random() < ABANDONED):
                return
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def follow(self, file: File, stop: asyncio.Event) -> None:
        """Ask for the verdict until it is there."""
        deadline = time.monotonic() + FOLLOW_SECONDS
        while file.sequence is None and time.monotonic() < deadline and not stop.is_set():
            await self.ask(file)
            await asyncio.sleep(0.05)

    async def ask(self, file: File) -> None:
        """Ask once what has become of an acknowledged file."""
        try:
            reply = await self.client.request("GET", f"/api/submissions/{file.submission}")
        except httpx.TransportError:
            return
        if reply.status_code == 200:
            if reply.json()["state"] not in UNDECIDED:
                self._journal.decided(file, reply.json())
        elif reply.status_code == 404:
            self._journal.counts["gone"] += 1
            await asyncio.sleep(0.5)
        else:
            self._away(reply)

    def _next(self) -> File:
        ring = Ring(self._organisation, self._chance.choice(list(RINGS)))
        value = self._number * 1_000_000 + len(self.files) + 1
        key = str(uuid.UUID(int=self._chance.getrandbits(128)))
        file = File(ring, value, key, self._chance.choice("MMR"), time.monotonic())
        self.files.append(file)
        self._journal.files.append(file)
        return file

    def _take(self, file: File, reply: httpx.Response) -> bool:
        """Read the answer to a file; True when it is acknowledged."""
        if reply.status_code not in {200, 201, 202}:
            if reply.status_code == 422:
                self._journal.wrong.append(f"{file.key} was refused: {reply.text[:500]}")
                file.acknowledged_at = time.monotonic()
                return True
            self._away(reply)
            return False
        told = reply.json()
        if file.submission not in (None, told["id"]):
            self._journal.wrong.append(f"{file.key} became two submissions")
        file.submission = told["id"]
        if not file.acknowledged:
            self._journal.counts["acked"] += 1
            self._journal.counts["resolved"] += file.was_unknown
            self._journal.counts["resolved, was stored"] += (
                file.was_unknown and reply.status_code == 200
            )
        file.acknowledged_at = file.acknowledged_at or time.monotonic()
        if told["state"] not in UNDECIDED:
            self._journal.decided(file, told)
        return True

    def _away(self, reply: httpx.Response) -> None:
        note_refusal(self._journal, reply)


class Reader:
    """Asks for rings in random order; each reply is one file's, whole."""

    def __init__(
        self, number: int, http: httpx.AsyncClient, rings: list[Ring], journal: Journal, seed: str
    ) -> None:
        self._http = http
        self._rings = rings
        self._journal = journal
        self._chance = random.Random(f"{seed} reader {number}")
        self._bodies: dict[str, Cells] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop."""
        while not stop.is_set():
            try:
                if self._chance.random() < 0.3:
                    await self._read_bulk()
                else:
                    await self._read_ring(self._chance.choice(self._rings))
            except httpx.TransportError:
                self._journal.counts["reads cut off"] += 1
                await asyncio.sleep(0.1)
            except ProtocolError as error:
                self._journal.half.append(str(error))
            await asyncio.sleep(self._chance.uniform(0.0, 0.05))

    async def _read_ring(self, ring: Ring) -> None:
        begun = time.monotonic()
        reply = await self._http.get(f"{PATH}/{ring.key}", headers={"Accept": CSV})
        if reply.status_code == 204:
            self._journal.reads.append(Read(begun, ring, None))
            return
        if reply.status_code != 200:
            note_refusal(self._journal, reply)
            await asyncio.sleep(0.05)
            return
        cells = cells_of_csv(reply.text)
        same = self._bodies.setdefault(reply.headers["etag"], cells)
        if same != cells:
            raise ProtocolError(f"two replies of one ETag differ: {ring}")
        values = set(cells.values())
        if len(values) != 1 or len(cells) != ring.size:
            raise ProtocolError(f"{ring} has {len(cells)} cells of {ring.size}, values {values}")
        self._journal.counts["ring replies"] += 1
        self._journal.reads.append(Read(begun, ring, int(values.pop())))

    async def _read_bulk(self) -> None:
        """Read what nobody writes, a part that no earlier reply has in the cache."""
        ring = Ring(BULK_ORGANISATION, BULK_MODE)
        limit = ring.size - self._chance.randrange(ring.size // 2)
        reply = await self._http.get(f"{PATH}/{ring.key}?limit={limit}", headers={"Accept": CSV})
        if reply.status_code != 200:
            note_refusal(self._journal, reply)
            if reply.status_code == 204:
                raise ProtocolError("the bulk is gone")
            await asyncio.sleep(0.05)
            return
        cells = cells_of_csv(reply.text)
        if len(cells) != limit:
            raise ProtocolError(f"a reply of {limit} cells had {len(cells)}, and status 200")
        self._journal.counts["bulk replies"] += 1


class Follower:
    """Keeps a copy by asking for what was updated after the `prepared` it last saw."""

    def __init__(self, http: httpx.AsyncClient, rings: list[Ring], journal: Journal) -> None:
        self._http = http
        self._journal = journal
        self._rings = {(ring.area, ring.mode): ring for ring in rings}
        self._since = "2000-01-01T00:00:00Z"
        self.copy: Cells = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop."""
        while not stop.is_set():
            await self.poll()
            await asyncio.sleep(0.1)

    async def poll(self) -> bool:
        """Ask once; True when there was an answer."""
        address = f"{PATH}/?updatedAfter={self._since}&c[TRANSPORT_MODE]={','.join(RINGS)}"
        try:
            reply = await self._http.get(address, headers={"Accept": JSON})
        except httpx.TransportError:
            self._journal.counts["reads cut off"] += 1
            return False
        if reply.status_code == 204:
            return True
        if reply.status_code != 200:
            note_refusal(self._journal, reply)
            return False
        message = reply.json()
        put, gone = cells_of_json(message)
        for cell in gone:
            self.copy.pop(cell, None)
        self.copy.update(put)
        self._since = message["meta"]["prepared"]
        self._journal.counts["cells followed"] += len(put)
        self._check()
        return True

    def _check(self) -> None:
        """The copy holds whole files only, as each reply is of one moment."""
        values: dict[Ring, set[str]] = {}
        sizes: Counter[Ring] = Counter()
        for (area, mode, _, _), value in self.copy.items():
            ring = self._rings[area, mode]
            values.setdefault(ring, set()).add(value)
            sizes[ring] += 1
        for ring, found in values.items():
            if len(found) != 1 or sizes[ring] != ring.size:
                text = f"the copy mixes {sorted(found)} in {ring}, {sizes[ring]} of {ring.size}"
                self._journal.half.append(f"{text} at {self._since}")
        one = {ring: int(next(iter(found))) for ring, found in values.items()}
        self._journal.follows.append((self._since, one))


def note_refusal(journal: Journal, reply: httpx.Response) -> None:
    """Count a service that is away; anything else is wrong, for all requests are right."""
    if reply.status_code in AWAY:
        journal.counts[f"status {reply.status_code}"] += 1
        return
    where = f"{reply.request.method} {reply.request.url.path}"
    journal.wrong.append(f"{where} was answered {reply.status_code}: {reply.text[:500]}")

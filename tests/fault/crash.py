"""Kill the running service again and again while it takes files, and see that it keeps its word.

python -m tests.fault.crash --target app|worker|db --kills 20 --writers 8 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import open_pools
from tests.fault.clients import Follower, Journal, Reader, Writer
from tests.fault.exchange import (
    BULK_MODE,
    BULK_ORGANISATION,
    CSV,
    ORGANISATIONS,
    PATH,
    RINGS,
    Client,
    File,
    Ring,
    cells_of_csv,
)
from tests.fault.service import Service
from tests.fault.verdict import Verdict, await_idle, judge, never_seen

TARGETS = ("app", "worker", "db")
MUTANTS = ("split", "halves", "early")
READERS = 3
RECOVERY_SECONDS = 60.0
SETTLE_SECONDS = 90.0
MUTANT_SETTLE_SECONDS = 15.0
"""A service that is broken by design may never come to rest, and need not."""
AT_ONCE = 0.2
"""Share of the kills that do not wait for the service to be back from the one before."""


@dataclass(frozen=True)
class Plan:
    """A run: what is killed, how often, under how many writers, in which order of chances."""

    target: str
    kills: int
    writers: int = 8
    seed: int = 1
    mutant: str | None = None
    hasty: bool = False

    @property
    def settle_seconds(self) -> float:
        """How long the service may take to come to rest at the end."""
        return MUTANT_SETTLE_SECONDS if self.mutant else SETTLE_SECONDS

    @property
    def changes(self) -> list[str]:
        """What is changed in the service for this run."""
        return [*filter(None, [self.mutant]), *(["hasty"] if self.hasty else [])]


@dataclass
class Report:
    """What a run found."""

    plan: Plan
    seconds: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[str]] = field(default_factory=dict)
    checks: int = 0
    reads: int = 0
    polls: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not any(self.findings.values())

    def lines(self) -> list[str]:
        """The report as text, counts first, then what was found."""
        plan, found = self.plan, self.findings
        recovery = "none"
        if self.recoveries:
            middle, longest = statistics.median(self.recoveries), max(self.recoveries)
            recovery = f"{middle:.1f} s median, {longest:.1f} s longest"
        counts = ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))
        listed = [
            f"target {plan.target}  kills {self.killed.total()} {dict(self.killed)}  "
            f"writers {plan.writers}  seed {plan.seed}  mutant {plan.mutant}  {self.seconds:.0f} s",
            f"acked {self.counts['acked']}  unknown {self.counts['unknown']}, "
            f"resolved {self.counts['resolved']}",
            "  ".join(f"{name} {len(each)}" for name, each in found.items()),
            f"reader replies {self.reads}, follower polls {self.polls}, checks {self.checks}",
            f"from a kill to the decision of a file sent after it: {recovery}",
            f"clients: {counts}",
        ]
        for name, each in found.items():
            listed += [f"  {name}: {text[:400]}" for text in each[:5]]
        return listed


async def run(plan: Plan, folder: Path) -> Report:
    """Carry out a plan in an empty folder; everything is stopped when it returns."""
    begin = time.monotonic()
    report = Report(plan)
    service = Service(folder, plan.changes)
    journal = Journal()
    try:
        await service.start()
        async with _clients(service, plan, journal) as (writers, readers, follower, http):
            await _load_bulk(writers[-1])
            stop = asyncio.Event()
            working = [asyncio.create_task(each.run(stop)) for each in writers[:-1]]
            reading = [asyncio.create_task(each.run(stop)) for each in (*readers, follower)]
            try:
                await kill_again_and_again(plan, service, journal, report, [*working, *reading])
            finally:
                stop.set()
                await asyncio.gather(*working, *reading)
            await service.ready()
            await _settle(writers[:-1], journal, plan.settle_seconds)
            await await_idle(service.dsn, time.monotonic() + plan.settle_seconds)
            missed = await _catch_up(follower, http)
        verdict = await judge(service.dsn, journal)
        verdict.missed += missed
        _conclude(report, journal, verdict)
    finally:
        left = await asyncio.to_thread(service.stop)
    report.findings["failed starts"] = service.failed_starts
    report.findings["left running"] = left
    report.seconds = time.monotonic() - begin
    return report


@contextlib.asynccontextmanager
async def _clients(
    service: Service, plan: Plan, journal: Journal
) -> AsyncIterator[tuple[list[Writer], list[Reader], Follower, httpx.AsyncClient]]:
    """The programs of a run; the last of the writers loads what the readers read in bulk."""
    seed = f"{plan.seed} {plan.target}"
    names = [ORGANISATIONS[number % len(ORGANISATIONS)] for number in range(plan.writers)]
    rings = [Ring(name, mode) for name in sorted(set(names)) for mode in RINGS]
    settings = Settings(data_dir=service.data_dir, database_pool_size=2)
    async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as http:
        pools = await open_pools(service.dsn, settings)
        writers = []
        try:
            for number, name in enumerate([*names, BULK_ORGANISATION], 1):
                new = await add_client(pools.writer, name)
                client = Client(http, (new.client_id, new.client_secret or ""))
                writers.append(Writer(number, name, client, journal, seed))
        finally:
            await pools.close()
        readers = [Reader(number, http, rings, journal, seed) for number in range(READERS)]
        yield writers, readers, Follower(http, rings, journal), http


async def _load_bulk(writer: Writer) -> None:
    file = File(Ring(BULK_ORGANISATION, BULK_MODE), 7, "bulk", "M", time.monotonic())
    reply = await writer.client.post(file, 60)
    assert reply.status_code == 201, reply.text


async def kill_again_and_again(
    plan: Plan,
    service: Service,
    journal: Journal,
    report: Report,
    tasks: list[asyncio.Task[None]],
) -> None:
    """Kill as often as planned, mostly after the service is back from the time before."""
    chance = random.Random(f"{plan.seed} {plan.target} kills")
    await _until(lambda: journal.newest > 0, tasks)
    while report.killed.total() < plan.kills:
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        name = _choose(plan.target, report.killed.total(), chance)
        number = await _kill(name, service, chance)
        if number is None:
            continue
        report.killed[name] += 1
        moment = time.monotonic()
        if chance.random() < AT_ONCE and report.killed.total() < plan.kills:
            continue
        if not await _until(lambda: journal.newest > moment, tasks):  # noqa: B023
            journal.wrong.append(f"nothing was decided for {RECOVERY_SECONDS} s after a kill")
        report.recoveries.append(time.monotonic() - moment)


def _choose(target: str, number: int, chance: random.Random) -> str:
    if target == "app":
        return ("server", "worker")[number % 2]
    if target == "db":
        return "postmaster" if chance.random() < 0.75 else "backend"
    return target


async def _kill(name: str, service: Service, chance: random.Random) -> int | None:
    """Kill, and start the server again where nothing else would; None: it was not there."""
    if name == "worker":
        return service.kill_worker()
    if name == "postmaster":
        return service.kill_postmaster()
    if name == "backend":
        return service.kill_backend(chance)
    number = service.kill_server()
    await asyncio.sleep(chance.uniform(0.0, 1.0))
    await service.start()
    return number


async def _until(reached: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> bool:
    """Wait until the service works again; False when it took so long that it never will."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not reached() and time.monotonic() < deadline:
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)
    return reached()


async def _settle(writers: list[Writer], journal: Journal, seconds: float) -> None:
    """Resolve what is unknown by sending it again; wait for all verdicts; send some once more."""
    never = asyncio.Event()
    deadline = time.monotonic() + seconds

    async def resolve(writer: Writer) -> None:
        for file in writer.files:
            while not file.acknowledged and time.monotonic() < deadline:
                await writer.deliver(file, never, patient=True)
        for file in writer.files:
            tries = 3 if journal.counts["gone"] else 1000
            while file.sequence is None and tries and time.monotonic() < deadline:
                await writer.ask(file)
                await asyncio.sleep(0.05)
                tries -= 1
        for file in writer.files[-5:]:
            reply = await writer.client.post(file, None)
            if reply.status_code != 200 or reply.json()["id"] != file.submission:
                journal.wrong.append(f"{file.key} sent once more: {reply.status_code}")

    with contextlib.suppress(TimeoutError):  # what is left is found then
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(resolve(writer) for writer in writers))


async def _catch_up(follower: Follower, http: httpx.AsyncClient) -> list[str]:
    """The last poll, then the comparison of copy and current state, cell by cell."""
    for _ in range(100):
        if await follower.poll():
            break
        await asyncio.sleep(0.2)
    address = f"{PATH}/?c[TRANSPORT_MODE]={','.join(RINGS)}"
    reply = await http.get(address, headers={"Accept": CSV})
    return never_seen(follower.copy, cells_of_csv(reply.text))


def _conclude(report: Report, journal: Journal, verdict: Verdict) -> None:
    verdict.half += journal.half
    report.findings = verdict.findings() | {"wrong": journal.wrong}
    unresolved = [file.key for file in journal.files if not file.acknowledged]
    report.findings["unresolved"] = unresolved
    report.counts = journal.counts
    report.checks = verdict.checks
    report.reads = len(journal.reads) + journal.counts["bulk replies"]
    report.polls = len(journal.follows)


def main() -> int:
    """Read the plan from the command line; the status is 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.crash", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, default="app")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--hasty", action="store_true", help="shorten the wait for dead workers")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    given = parser.parse_args()
    plan = Plan(given.target, given.kills, given.writers, given.seed, given.mutant, given.hasty)
    print(f"seed {plan.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="vipmg-fault-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must pass through
    try:
        report = asyncio.run(run(plan, folder))
    finally:
        if given.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(report.lines()))
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())

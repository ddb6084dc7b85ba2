"""The ground of a run: a temporary data directory, the service on it, the filled stores.

What is slow to make is made when it is first asked for, so that `--only` makes no more than it
needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.http_client import Http
from bench.selections import Selections
from bench.sending import Sender, write_message
from bench.service import Service
from bench.shapes import Cube, mix_cube, monthly_cube
from bench.stores import Lake, Psql, Wide, create_database, fill_series, write_csv
from bench.structures import OWNER, publish_structures

GROWTH = 10


@dataclass(frozen=True)
class Filled:
    """A cube in all three stores, with the bytes that series and journal take."""

    cube: Cube
    wide: Wide
    disk: dict[str, int]
    selections: Selections


class Ground:
    """Everything that measurements need; all of it is gone when the block ends.

    Attributes:
        size: 1 = the full size, 10 = a tenth of it.
        runs: of each pair.
        tell: takes what is being done.
        months: how many were sent after those that were there.
    """

    def __init__(self, size: int, runs: int, tell: Callable[[str], None]) -> None:
        self.size = size
        self.runs = runs
        self.tell = tell
        self.months = 0
        self._stack = contextlib.ExitStack()
        self._temporary = tempfile.TemporaryDirectory(prefix="vipmg-bench-")
        self.folder = Path(self._temporary.name)

    @cached_property
    def service(self) -> Service:
        """The service, with the structures published."""
        self.tell("starting the service")
        service = self._stack.enter_context(Service(self.folder / "data"))
        cubes = [monthly_cube(self.size), mix_cube(self.size)]
        asyncio.run(publish_structures(service.dsn, cubes))
        return service

    @cached_property
    def http(self) -> Http:
        """A connection to the service."""
        return self._stack.enter_context(contextlib.closing(self.service.http()))

    @cached_property
    def psql(self) -> Psql:
        """A psql on the database of the service."""
        return self._stack.enter_context(Psql(self.service.dsn))

    @cached_property
    def lakes(self) -> dict[int, Lake]:
        """DuckDB, by its number of threads."""
        return {threads: Lake(self.folder, threads) for threads in (1, 2)}

    @cached_property
    def monthly(self) -> Filled:
        """The cube of months."""
        return self._filled(monthly_cube(self.size))

    @cached_property
    def mix(self) -> Filled:
        """The real mix."""
        return self._filled(mix_cube(self.size))

    @cached_property
    def smaller(self) -> tuple[Http, Selections]:
        """A service with a tenth of the cube of months, in a database of its own."""
        cube = monthly_cube(self.size * GROWTH)
        self.tell("filling a database of a tenth of the size")
        database = create_database(self.psql, self.service.dsn, "smaller")
        service = self._stack.enter_context(Service(self.folder / "smaller", database))
        asyncio.run(publish_structures(database, [cube]))
        asyncio.run(fill_series(database, cube))
        http = self._stack.enter_context(contextlib.closing(service.http()))
        return http, Selections(cube)

    def forget(self) -> None:
        """Let no reply come from the cache: move the heads on, as a publication does."""
        self.psql.run("UPDATE agreement_head SET revision = revision + 1;")

    def stop_service(self) -> None:
        """Stop the service, and close what is connected to it."""
        for name in ("http", "psql", "service", "smaller"):
            self.__dict__.pop(name, None)
        self._stack.close()

    def sender(self, organisation: str) -> Sender:
        """A program of an organisation that sends files."""
        return Sender.register(self.service, organisation)

    def send_month(self, more: Callable[[Path], float]) -> tuple[float, float]:
        """Send one more month of the cube; then give the same rows to another, too."""
        message, rows = self.folder / "month.csv", self.folder / "month-rows.csv"
        cube = self.monthly.cube
        write_message(cube, cube.flow, message, rows, [len(cube.times(0)) + self.months])
        self.months += 1
        ours = self.sender(OWNER).send(message)
        return ours, more(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tell("stopping")
        self._stack.close()
        self._temporary.cleanup()

    def _filled(self, cube: Cube) -> Filled:
        dsn, file = self.service.dsn, self.folder / f"{cube.table}.csv"
        self.tell(f"{cube.table}: writing series documents")
        disk = asyncio.run(fill_series(dsn, cube))
        self.tell(f"{cube.table}: making rows")
        write_csv(cube, file)
        self.tell(f"{cube.table}: writing the wide table")
        wide = Wide(self.psql, cube, cube.table)
        wide.fill(file)
        self.tell(f"{cube.table}: writing Parquet")
        self.lakes[2].write(cube, file)
        file.unlink()
        self.psql.run("CHECKPOINT;")
        return Filled(cube, wide, disk, Selections(cube))

"""The same observations in three stores: series documents, a wide table, sorted Parquet."""

from __future__ import annotations

import gc
import itertools
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
import duckdb

from app.sdmx.actions import Segment
from app.sdmx.findings import Finding
from app.sdmx.intake import Intake, Target
from app.store import staging
from app.store.binaries import find_binaries
from app.store.catalogue import CatalogueCache
from app.store.publication import begin_publication, end_publication, publish_intake
from bench.shapes import Cube, csv_rows
from bench.structures import OWNER

BATCH = 5000
TABLES = {"series": "series", "journal": "change"}


async def fill_series(dsn: str, cube: Cube) -> dict[str, int]:
    """Publish a cube at once.

    Returns:
        The bytes that series and journal take on disk, indexes included.
    """
    gc.disable()  # as in the worker: rows are many and hold no cycles
    connection = await asyncpg.connect(dsn)
    try:
        before = await _sizes(connection)
        await connection.execute("SET ROLE vipmg_writer")
        await _publish(connection, cube)
        await connection.execute("RESET ROLE")
        await connection.execute("VACUUM (ANALYZE) series")
        await connection.execute("VACUUM (ANALYZE) change")
        after = await _sizes(connection)
        return {name: after[name] - before[name] for name in before}
    finally:
        gc.enable()
        await connection.close()


async def _publish(connection: Any, cube: Cube) -> None:
    """Stage the series as the worker does, less reading and checking a file, and publish them."""
    catalogue = await CatalogueCache().current(connection)
    [stored] = [a for a in catalogue.agreements.values() if f":{cube.agreement}(" in a.urn]
    flow = catalogue.flow(stored.dataflow_urn, stored.urn)
    target = Target(stored.id, stored.urn, flow, stored.fixed)
    async with staging.stage(connection), connection.transaction():
        segments = ((target, key, _segment(cube, number)) for number, key in cube.series())
        while batch := staging.records(itertools.islice(segments, BATCH)):
            await staging.put_records(connection, batch)
        begun = await begin_publication(connection, None)
        await publish_intake(connection, begun, Intake(target), stored.dataflow, _refuse)
        await end_publication(connection, begun, action="submission", actor=OWNER, about=cube.flow)


def _segment(cube: Cube, number: int) -> Segment:
    observations = cube.observations(number)
    times, values, statuses = (list(column) for column in zip(*observations, strict=True))
    columns = {"TIME_PERIOD": times, "OBS_VALUE": values, "OBS_STATUS": statuses}
    return Segment("Merge", list(range(2, len(times) + 2)), columns, {})


def _refuse(finding: Finding) -> None:
    raise RuntimeError(f"the cube of the bench is not valid: {finding}")


async def _sizes(connection: Any) -> dict[str, int]:
    return {
        name: await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
        for name, table in TABLES.items()
    }


class Psql:
    """One psql that is kept open, so that its start is not measured."""

    def __init__(self, dsn: str) -> None:
        self._process = subprocess.Popen(
            [find_binaries().folder / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", dsn],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, statement: str) -> float:
        """Run a statement; return the seconds it took."""
        begin = time.perf_counter()
        self.ask(statement)
        return time.perf_counter() - begin

    def ask(self, statement: str) -> str:
        """Run a statement and return the first line it prints, or nothing."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{statement}\n\\echo :done:\n")
        process.stdin.flush()
        first = line = process.stdout.readline()
        while line and line != ":done:\n":
            line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"psql failed at: {statement[:300]}")
        return "" if first == ":done:\n" else first.strip()

    def copy_out(self, query: str) -> float:
        """Send the rows of a query, as CSV, to nowhere; return the seconds it took."""
        return self.run(f"COPY ({query}) TO STDOUT (FORMAT csv) \\g /dev/null")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def create_database(psql: Psql, dsn: str, name: str) -> str:
    """Make another database on the same server; return its address."""
    psql.run(f"CREATE DATABASE {name} TEMPLATE template0;")
    return dsn.replace("///vipmg?", f"///{name}?")


class Wide:
    """A table with a row an observation, its key over all dimensions and time."""

    def __init__(self, psql: Psql, cube: Cube, table: str) -> None:
        self.psql = psql
        self.cube = cube
        self.table = f"wide.{table}"
        self.key = ", ".join([*_columns(cube), "time_period"])

    def create(self) -> None:
        """Make the table, as yet without its key."""
        self.psql.run("SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS wide;")
        columns = [f'{name} text COLLATE "C" NOT NULL' for name in _columns(self.cube)]
        columns += ['time_period text COLLATE "C" NOT NULL', "obs_value numeric", "obs_status text"]
        self.psql.run(f"CREATE TABLE {self.table} ({', '.join(columns)});")

    def add_key(self) -> None:
        """Add the primary key."""
        self.psql.run(f"ALTER TABLE {self.table} ADD PRIMARY KEY ({self.key});")

    def fill(self, file: Path) -> None:
        """Load sorted rows, then add the key: the best that such a table can be."""
        self.create()
        self.copy_in(file)
        self.add_key()
        self.psql.run(f"VACUUM (ANALYZE) {self.table};")

    def copy_in(self, file: Path) -> float:
        """Load rows; return the seconds it took."""
        return self.psql.run(f"\\copy {self.table} from '{file}' (format csv)")

    def distinct(self, column: str, where: str) -> float:
        """Ask for the distinct codes of a column; return the seconds it took."""
        return self.psql.run(f"SELECT DISTINCT {column} FROM {self.table} WHERE {where};")

    def empty(self) -> None:
        """Remove all rows."""
        self.psql.run(f"TRUNCATE {self.table};")

    @property
    def size(self) -> int:
        """Bytes on disk with the key."""
        return int(self.psql.ask(f"SELECT pg_total_relation_size('{self.table}');"))

    def copy_out(self, where: str, *, in_order: bool = False) -> float:
        """Send rows as CSV to nowhere; return the seconds it took."""
        order = f" ORDER BY {self.key}" if in_order else ""
        return self.psql.copy_out(f"SELECT * FROM {self.table} WHERE {where}{order}")


class Lake:
    """DuckDB over Parquet files that are sorted by key and time."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._duck = duckdb.connect(config={"threads": threads})

    def write(self, cube: Cube, file: Path) -> None:
        """Make the Parquet file of a cube of sorted rows."""
        columns = dict.fromkeys([*_columns(cube), "time_period"], "VARCHAR")
        columns |= {"obs_value": "BIGINT", "obs_status": "VARCHAR"}
        self._duck.execute(
            f"COPY (SELECT * FROM read_csv('{file}', header = false, columns = {columns})) "
            f"TO '{self._file(cube)}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def copy_out(self, cube: Cube, where: str) -> float:
        """Send rows as CSV to nowhere; return the seconds it took."""
        begin = time.perf_counter()
        self._duck.execute(
            f"COPY (SELECT * FROM '{self._file(cube)}' WHERE {where}) TO '/dev/null' (FORMAT csv)"
        )
        return time.perf_counter() - begin

    def _file(self, cube: Cube) -> Path:
        return self._folder / f"{cube.table}.parquet"


def write_csv(cube: Cube, file: Path) -> None:
    """Write the sorted rows of a cube."""
    with file.open("wb", buffering=1 << 20) as output:
        output.writelines(csv_rows(cube))


def _columns(cube: Cube) -> list[str]:
    return [name.lower() for name in cube.dimensions]

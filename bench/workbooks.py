"""Measurements of workbooks: reading one of the size that is taken, and sending it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import xlsxwriter

from app.sheets.process import MEMORY_BYTES, SECONDS
from app.sheets.template import XLSX_MEDIA_TYPE
from app.sheets.xlsx_reader import MAX_ROWS, XlsxReader
from bench.checks import Check, at_most
from bench.ground import Ground
from bench.shapes import MONTHS, Cube, monthly_cube, one_area, value
from bench.structures import AGENCY, OWNER, SENT

MEGABYTES = MEMORY_BYTES >> 20


def workbooks(ground: Ground) -> Iterator[Check]:
    """A workbook with as many rows as are taken: read alone, then sent."""
    rows = MAX_ROWS // ground.size
    file = ground.folder / "rows.xlsx"
    write_workbook(one_area(monthly_cube(ground.size)), SENT, file, rows)
    what = f"workbook of {rows:,} rows, {file.stat().st_size >> 20} MB"
    runs = [_read_apart(file) for _ in range(ground.runs)]
    seconds, child, parent = ([run[name] for run in runs] for name in ("s", "child", "parent"))
    yield at_most(f"{what}: read as batches", "", SECONDS, seconds, "s")
    yield at_most(f"{what}: peak memory of its process", "", MEGABYTES, child, "MB")
    yield at_most(f"{what}: peak memory of the reader", "", 400, parent, "MB")
    sent = [ground.sender(OWNER).send(file, XLSX_MEDIA_TYPE)]
    yield at_most(f"{what}: HTTP to published", "", SECONDS, sent, "s")


def write_workbook(cube: Cube, flow: str, file: Path, rows: int) -> None:
    """Write observations as a sheet with the header of SDMX-CSV."""
    observations = (
        (*key, time_period, float(value(number, place)), "A")
        for number, key in cube.series()
        for place, time_period in enumerate(MONTHS)
    )
    header = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *cube.dimensions]
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Datos")
        sheet.write_row(0, 0, [*header, "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"])
        for row, cells in enumerate(islice(observations, rows), 1):
            sheet.write_row(row, 0, ["dataflow", f"{AGENCY}:{flow}(1.0.0)", "M", *cells])


def _read_apart(file: Path) -> dict[str, float]:
    """Read it in a process of its own, so that the peaks are those of this file."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.workbooks", str(file)],
        check=True,
        stdout=subprocess.PIPE,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    """Read a workbook, and print what it cost."""
    begin = time.perf_counter()
    with Path(sys.argv[1]).open("rb") as file:
        reader = XlsxReader(file, lambda kind, structure: "VIPMG-203")
        for _ in reader.batches():
            pass
    seconds = time.perf_counter() - begin
    peaks = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    child, parent = peaks
    print(json.dumps({"s": seconds, "child": child, "parent": parent, "rows": reader.row_count}))


if __name__ == "__main__":
    main()

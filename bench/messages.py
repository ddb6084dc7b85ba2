"""Reading the same observations as SDMX-JSON and SDMX-ML, against SDMX-CSV, each by itself."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from app.sdmx.messages.message_reader import MessageReader, SpooledBytes
from bench.checks import Check, at_most, interleaved, slower
from bench.ground import Ground
from bench.sending import write_message
from bench.service import PeakMemory
from bench.shapes import MONTHS, Cube, Key, monthly_cube, one_area, value
from bench.structures import AGENCY, CSV_SENDERS, FORMAT_SENDERS, SENT

LIMIT = 4
MOST_MEGABYTES = 400
MAX_BYTES = 1 << 30

_URN = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={AGENCY}:{SENT}(1.0.0)"
_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/"


def messages(ground: Ground) -> Iterator[Check]:
    """A file of all series of an area in each format, read as batches, nothing stored."""
    cube = one_area(monthly_cube(ground.size))
    csv = ground.folder / "message.csv"
    write_message(cube, SENT, csv, ground.folder / "rows.csv", range(len(MONTHS)))
    rows = f"{cube.wanted * len(MONTHS):,} observations"
    for name, write in _FORMATS.items():
        file = write(cube, ground.folder / "message")
        ours, theirs = interleaved(ground.runs, lambda f=file: _apart(f), lambda: _apart(csv))
        seconds = [[run["s"] for run in runs] for runs in (ours, theirs)]
        yield slower(f"{rows} of {name}, read", "as SDMX-CSV", LIMIT, *seconds)
        peaks = [run["mb"] for run in ours]
        yield at_most(f"{name}: peak memory of the reader", "", MOST_MEGABYTES, peaks, "MB")
        file.unlink()


def sent(ground: Ground) -> Iterator[Check]:
    """The same file in each format, sent to agreements without data and published."""
    service, cube = ground.service, one_area(monthly_cube(ground.size))
    file = ground.folder / "message"
    write_message(cube, SENT, file, ground.folder / "rows.csv", range(len(MONTHS)))
    _, as_csv = [ground.sender(name).send(file) for name in CSV_SENDERS]  # the first warms up
    rows = f"submission of {cube.wanted * len(MONTHS):,} rows of"
    for sender, (name, write) in zip(FORMAT_SENDERS, _FORMATS.items(), strict=True):
        write(cube, file)
        content_type = "application/json" if "JSON" in name else "application/xml"
        with PeakMemory(service.process, service.worker) as peak:
            seconds = ground.sender(sender).send(file, content_type)
        yield slower(f"{rows} {name}, published", "SDMX-CSV", LIMIT, [seconds], [as_csv])
        highest = max(peak.megabytes)
        yield at_most(
            f"{name}: peak memory of server or worker", "", MOST_MEGABYTES, [highest], "MB"
        )
    file.unlink()


def _keys(cube: Cube) -> Iterator[tuple[Key, list[str]]]:
    for number, key in cube.series():
        yield key, [value(number, place) for place in range(len(MONTHS))]


def _json(cube: Cube, file: Path, *, is_flat: bool) -> Path:
    codes = {
        name: {code: n for n, code in enumerate(listed)} for name, listed in cube.codes.items()
    }
    component: dict[str, Any] = {
        name: {"id": name, "keyPosition": n, "values": [{"id": code} for code in cube.codes[name]]}
        for n, name in enumerate(cube.codes)
    }
    times = {"id": "TIME_PERIOD", "values": [{"value": one} for one in MONTHS]}
    dimensions = list(component.values())
    structure = {
        "links": [{"rel": "dataflow", "urn": _URN}],
        "dimensions": {
            "series": [] if is_flat else dimensions,
            "observation": [*dimensions, times] if is_flat else [times],
        },
        "measures": {"observation": [{"id": "OBS_VALUE"}]},
        "attributes": {"observation": [{"id": "OBS_STATUS", "values": [{"id": "A"}]}]},
    }
    with file.open("w") as out:
        out.write(f'{{"meta":{{}},"data":{{"structures":[{json.dumps(structure)}],"dataSets":[{{')
        out.write('"observations":{' if is_flat else '"series":{')
        comma = ""
        for key, values in _keys(cube):
            head = ":".join([str(codes[n][c]) for n, c in zip(cube.codes, key, strict=True)])
            before = f"{head}:" if is_flat else ""
            cells = ",".join([f'"{before}{n}":["{one}",0]' for n, one in enumerate(values)])
            out.write(comma + (cells if is_flat else f'"{head}":{{"observations":{{{cells}}}}}'))
            comma = ","
        out.write("}}]}}")
    return file


def _begin(out: TextIO, root: str, version: str) -> None:
    names = {"m": "message", "c": "common", "g": "data/generic", "s": "data/structurespecific"}
    spaces = "".join([f' xmlns:{p}="{_SCHEMAS}{version}/{name}"' for p, name in names.items()])
    urn = f"<URN>{_URN}</URN>" if version == "v2_1" else _URN
    out.write(
        f'<m:{root}{spaces}><m:Header><m:Structure structureID="S" dimensionAtObservation='
        f'"TIME_PERIOD" namespace="{_URN}:ObsLevelDim:TIME_PERIOD"><c:StructureUsage>{urn}'
        "</c:StructureUsage></m:Structure></m:Header>\n"
    )


def _specific(cube: Cube, file: Path, *, is_flat: bool) -> Path:
    with file.open("w") as out:
        _begin(out, "StructureSpecificData", "v3_1")
        out.write('<m:DataSet s:structureRef="S">\n')
        for key, values in _keys(cube):
            named = "".join([f' {n}="{c}"' for n, c in zip(cube.codes, key, strict=True)])
            head = f"<Obs{named if is_flat else ''} TIME_PERIOD="
            pairs = zip(MONTHS, values, strict=True)
            cells = "".join([f'{head}"{t}" OBS_VALUE="{v}" OBS_STATUS="A"/>\n' for t, v in pairs])
            out.write(cells if is_flat else f"<Series{named}>{cells}</Series>\n")
        out.write("</m:DataSet></m:StructureSpecificData>")
    return file


def _generic(cube: Cube, file: Path) -> Path:
    status = '<g:Attributes><g:Value id="OBS_STATUS" value="A"/></g:Attributes>'
    with file.open("w") as out:
        _begin(out, "GenericData", "v2_1")
        out.write('<m:DataSet structureRef="S">\n')
        for key, values in _keys(cube):
            pairs = zip(cube.codes, key, strict=True)
            named = "".join([f'<g:Value id="{n}" value="{c}"/>' for n, c in pairs])
            cells = "".join(
                [
                    f'<g:Obs><g:ObsDimension value="{t}"/><g:ObsValue value="{v}"/>{status}</g:Obs>'
                    for t, v in zip(MONTHS, values, strict=True)
                ]
            )
            out.write(f"<g:Series><g:SeriesKey>{named}</g:SeriesKey>{cells}</g:Series>\n")
        out.write("</m:DataSet></m:GenericData>")
    return file


_FORMATS: Final[Mapping[str, Callable[[Cube, Path], Path]]] = {
    "SDMX-JSON, series": partial(_json, is_flat=False),
    "SDMX-JSON, flat": partial(_json, is_flat=True),
    "SDMX-ML 3.1, series": partial(_specific, is_flat=False),
    "SDMX-ML 3.1, flat": partial(_specific, is_flat=True),
    "SDMX-ML 2.1, generic": _generic,
}


def _apart(file: Path) -> dict[str, float]:
    """Read it in a process of its own, so that the peak is that of this file."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.messages", str(file)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    read: dict[str, float] = json.loads(done.stdout)
    return read


def _read(file: Path) -> None:
    begin = time.process_time()
    with file.open("rb") as content:
        reader = MessageReader(SpooledBytes(content, MAX_BYTES, is_gzip=False), MAX_BYTES)
        for _ in reader.batches():
            pass
    if reader.findings or not reader.row_count:
        raise RuntimeError(f"{file} was not read: {reader.findings[:3]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"s": time.process_time() - begin, "mb": peak}))


if __name__ == "__main__":
    _read(Path(sys.argv[1]))

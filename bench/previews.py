"""What a preview of a map costs: a national file, checked, then read by draft and active map."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import IO, Final

from app.sdmx.map_preview import MapPreview, Refuses
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.messages.data_reading import Batch, DataReader
from app.sdmx.validation import Validator
from app.services.check_reader import check_reader
from app.services.find_map import find_map
from app.services.find_source import find_source
from app.services.find_target import find_target
from app.services.local_catalogue import local_catalogue
from app.services.open_message import open_message
from app.services.publish_structures import shared_structures
from app.settings import Settings
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.local_stage import LocalStage
from bench.checks import Check, at_most
from bench.ground import Ground

ROWS: Final = 100_000
SECONDS: Final = 5
MAP: Final = "VIPMG.HND_INM:SM_RETURN_IN(1.0.0)"
SOURCE: Final = "VIPMG.HND_INM:DF_RETORNADOS(1.0.0)"
GROUPS: Final = ("Hombres", "Mujeres", "Niños", "Niñas", "NNA", "Total")
WAYS: Final = ("Aérea", "Terrestre", "Total")
MONTHS: Final = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")


@dataclass(frozen=True)
class _File:
    content_type: str = "text/csv"
    content_encoding: str | None = None
    file_name: str | None = "retornados.csv"


def previews(ground: Ground) -> Iterator[Check]:
    """The whole of a preview but the database: one core, all rows on keys of their own."""
    catalogue = local_catalogue([shared_structures(Settings(data_dir=ground.folder))])
    rows = ROWS // ground.size
    file = ground.folder / "retornados.csv"
    write_returns(catalogue, file, rows)
    seconds = [_preview(catalogue, file, rows) for _ in range(ground.runs)]
    what = f"preview of a map on {rows:,} rows, beside the active one, of one core"
    yield at_most(what, "", SECONDS, seconds, "s")


def write_returns(catalogue: Catalogue, file: Path, rows: int) -> None:
    """Write a table as the directorate does; as many rows as asked for, no two on one key."""
    flow = catalogue.flow(_structure_map(catalogue).target)
    areas = sorted(flow.components["COUNTERPART_AREA"].code_set)
    areas = [area for area in areas if len(area) == 3]
    times = [f"{month}-{year}" for year in range(1900, 2026) for month in MONTHS]
    lines = product(times, GROUPS, WAYS, areas)
    with file.open("w") as out:
        out.write("Mes,Población,Vía,País que devuelve,Personas,Fuente\n")
        for number, (when, group, way, area) in enumerate(islice(lines, rows)):
            out.write(f"{when},{group},{way},{area},{number % 900},SIRAM\n")


def _structure_map(catalogue: Catalogue) -> CompiledMap:
    artefacts = catalogue.snapshot.artefacts
    return compile_map(artefacts, find_map(artefacts, MAP))


def _preview(catalogue: Catalogue, file: Path, rows: int) -> float:
    own = catalogue.of_provider("HND_INM")

    def opened(content: IO[bytes]) -> DataReader:
        content.seek(0)
        return open_message(
            _File(),
            content,
            1 << 30,
            resolve=lambda kind, structure: find_source(catalogue, own, kind, structure),
            options={"dataflow": SOURCE},
        )

    begin = time.process_time()
    with file.open("rb") as content:
        with LocalStage() as stage:
            checked = check_reader(
                catalogue,
                own,
                lambda: opened(content),
                stage,
                maps=lambda kind, structure: [_structure_map(catalogue)],
                now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            )
        preview = MapPreview(
            _structure_map(catalogue),
            _structure_map(catalogue),
            lambda _: frozenset(),
            _refuses(catalogue, own),
        )
        for batch in opened(content).batches():
            preview.take(batch)
    told = preview.document()
    if told["cube"]["after"] != rows or checked.report.errors:
        raise AssertionError(told["coverage"])
    return time.process_time() - begin


def _refuses(catalogue: Catalogue, own: Sequence[StoredAgreement]) -> Refuses:
    """As a preview asks which rows the active map leads to where they are refused."""
    validator = Validator(
        lambda kind, structure: find_target(catalogue, own, kind, structure), lambda _: None
    )

    def refuses(batch: Batch) -> frozenset[int]:
        for _ in validator.check(batch):
            pass
        return frozenset()

    return refuses

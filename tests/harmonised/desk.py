"""Files under the delivered maps: read, mapped, validated and put together without a service."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from app.cli.local_files import LocalFile
from app.sdmx.actions import apply
from app.sdmx.findings import Finding
from app.sdmx.series import TIME, observations
from app.services.check_file import check_file
from app.services.local_catalogue import local_catalogue
from app.store.catalogue import Catalogue
from app.store.local_stage import LocalStage

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data"
"""Real data, where there are some."""

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MAX_BYTES = 64 << 20

Observation = dict[str, Any]


@dataclass
class Harmonised:
    """What a file became.

    Attributes:
        flows: observations by dataflow (`DF_RETURN_IN`) and key (`M.HND.….2025-01`).
        findings: what was found, errors and warnings.
        mapping: what each map did.
    """

    flows: dict[str, dict[str, Observation]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    mapping: list[dict[str, Any]] = field(default_factory=list)

    @property
    def errors(self) -> list[tuple[str, int | None, str | None, str | None]]:
        """Code, row, component and value of each error."""
        return [(f.code, f.row, f.component, f.value) for f in self.findings if f.is_error]

    def values(self, flow: str) -> dict[str, str]:
        """The values of a dataflow by key."""
        return {key: row["OBS_VALUE"] for key, row in self.flows.get(flow, {}).items()}


@cache
def catalogue() -> Catalogue:
    """The delivered structures."""
    return local_catalogue([ROOT / "codelists"])


def harmonise(file: Path, organisation: str, dataflow: str | None = None) -> Harmonised:
    """A file as an organisation would send it."""
    known = catalogue()
    own = [one for one in known.agreements.values() if one.provider == organisation]
    options = {} if dataflow is None else {"dataflow": dataflow}
    result = Harmonised()
    with file.open("rb") as content, LocalStage() as stage:
        checked = check_file(
            known,
            own,
            LocalFile.of(file),
            content,
            stage,
            max_bytes=MAX_BYTES,
            now=NOW,
            options=options,
        )
        result.findings = list(stage.findings())
        result.mapping = checked.mapping
        for one in own:
            rows: dict[str, Observation] = {}
            for key, segments in stage.series(one.id):
                outcome = apply(None, {}, segments)
                for time, observation in observations(outcome.observations).items():
                    rows[".".join((*key, time))] = {**outcome.attributes, **observation}
            if rows:
                flow = one.dataflow_urn.rpartition(":")[2].partition("(")[0]
                result.flows[flow] = rows
    assert TIME not in result.flows
    return result


def harmonise_text(folder: Path, text: str, organisation: str, dataflow: str) -> Harmonised:
    """A small file that is written here."""
    file = folder / "file.csv"
    file.write_text(text, encoding="utf-8")
    return harmonise(file, organisation, dataflow)


def dimensions_of(flow: str) -> list[str]:
    """The dimensions of a shared dataflow, without time."""
    urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=VIPMG:{flow}(1.0.0)"
    return [dimension.id for dimension in catalogue().flow(urn).dimensions]


OECD_HEAD = (
    "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,CITIZENSHIP,"
    "Citizenship,FREQ,Frequency of observation,MEASURE,Measure,SEX,Sex,BIRTH_PLACE,"
    "Place of birth,EDUCATION_LEV,Education level,UNIT_MEASURE,Unit of measure,TIME_PERIOD,"
    "Time period,OBS_VALUE,Observation value,OBS_STATUS,Observation status,UNIT_MULT,"
    "Unit multiplier,DECIMALS,Decimals"
)


def oecd_row(area: str, measure: str, value: str) -> str:
    """A row of an answer of the OECD, with labels."""
    return (
        f"DATAFLOW,OECD.ELS.IMD:DSD_MIG@DF_MIG(1.0),International migration database,I,{area},"
        f"A country,W,World,A,Annual,{measure},A measure,_T,Total,_Z,Not applicable,_Z,"
        f"Not applicable,PS,Persons,2018,,{value},,A,Normal value,0,Units,0,Zero"
    )

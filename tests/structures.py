"""Structures small enough to hold in mind, and a desk that sends files to them.

`TST:DF(1.0.0)` has all that a data structure can have: FREQ.REF_AREA.SEX with time, two measures,
attributes on every level, constraints of every kind. `TST:DF_SMALL(1.0.0)` has nothing mandatory,
so that the actions can be seen by themselves. Two providers report: CRI_STAT and SLV_STAT.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.auth.subject import Subject
from app.sdmx.artefacts import Artefact
from app.sdmx.findings import Finding
from app.services.process_submission import process_submission
from app.services.receive_submission import Upload, receive_submission
from app.store import publication, submissions
from app.store.catalogue import CatalogueCache
from app.store.ledger import Place
from app.store.pools import Pools
from app.store.submissions import StoredSubmission
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.published import publish_artefacts

CRI = "CRI_STAT"
SLV = "SLV_STAT"
FLOW = "TST:DF(1.0.0)"
SMALL = "TST:DF_SMALL(1.0.0)"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MAX_BYTES = 64 << 20

CONCEPTS = [
    *("FREQ", "REF_AREA", "SEX", "TIME_PERIOD", "OBS_VALUE", "SHARE"),
    *("OBS_STATUS", "CONF_STATUS", "EMBARGO_TIME", "COMMENT", "SOURCES"),
    *("UNIT_MULT", "COLLECTION", "METHOD", "TITLE", "STATUS", "S", "G", "D"),
]

OBSERVATION: dict[str, Any] = {"observation": {}}
DATASET: dict[str, Any] = {"dataflow": {}}


def of_type(component_id: str, data_type: str, **parts: Any) -> dict[str, Any]:
    """A component that is not coded."""
    facets = parts.pop("facets", {})
    representation = {"format": {"dataType": data_type, **facets}}
    return component(component_id, localRepresentation=representation, **parts)


def attribute(part: dict[str, Any], relationship: Any, usage: str = "optional") -> dict[str, Any]:
    """An attribute with its relationship; a list names dimensions."""
    if isinstance(relationship, list):
        relationship = {"dimensions": relationship}
    return part | {"attributeRelationship": relationship, "usage": usage}


def structure(
    resource_id: str,
    dimensions: Iterable[dict[str, Any]],
    measures: Sequence[dict[str, Any]],
    attributes: Sequence[dict[str, Any]],
    *,
    time_id: str | None = "TIME_PERIOD",
    **parts: Any,
) -> Artefact:
    """A data structure of these components."""
    agency = parts.get("agency", "TST")
    version = parts.pop("version", "1.0.0")
    listed: dict[str, Any] = {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": [d | {"position": n} for n, d in enumerate(dimensions, 1)],
        },
        "measureList": {"id": "MeasureDescriptor", "measures": list(measures)},
        "attributeList": {"id": "AttributeDescriptor", "attributes": list(attributes)},
        "groups": parts.pop("groups", []),
    }
    if time_id:
        time = of_type(time_id, "ObservationalTimePeriod")
        listed["dimensionList"]["timeDimension"] = time
    listed = {name: part for name, part in listed.items() if part}
    return artefact(
        "DataStructure",
        resource_id,
        version,
        agency,
        dataStructureComponents=listed,
    )


def constraint(resource_id: str, attached: dict[str, Any], **parts: Any) -> Artefact:
    """A data constraint."""
    return artefact("DataConstraint", resource_id, constraintAttachment=attached, **parts)


def region(*, include: bool = True, **values: Any) -> dict[str, Any]:
    """A cube region: component ids to the values listed, or to a time range."""
    sets = [
        {"id": name, "timeRange": listed} if isinstance(listed, dict) else _listed(name, listed)
        for name, listed in values.items()
    ]
    return {"include": include, "keyValues": sets}


def _listed(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"id": name, "include": True, "values": [{"value": value} for value in values]}


def agreement(resource_id: str, flow: str, provider: str, **terms: str) -> Artefact:
    """A provision agreement with its terms."""
    annotations = [
        {"id": name.replace("__", ":"), "type": "AGREEMENT_TERM", "value": value}
        for name, value in terms.items()
    ]
    return artefact(
        "ProvisionAgreement",
        resource_id,
        dataflow=urn("Dataflow", flow),
        dataProvider=urn("DataProvider", "DATA_PROVIDERS", provider, version="1.0"),
        **({"annotations": annotations} if annotations else {}),
    )


def big_structure(resource_id: str = "DSD", version: str = "1.0.0") -> Artefact:
    """The data structure that has everything."""
    return structure(
        resource_id,
        [
            component("FREQ", urn("Codelist", "CL_FREQ")),
            component("REF_AREA", urn("Codelist", "CL_AREA")),
            component("SEX", urn("Codelist", "CL_SEX")),
        ],
        [
            of_type("OBS_VALUE", "Decimal", usage="optional"),
            of_type(
                "SHARE",
                "Decimal",
                facets={"minValue": 0, "maxValue": 100, "decimals": 2},
                usage="optional",
            ),
        ],
        [
            attribute(
                component("OBS_STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION, "mandatory"
            ),
            attribute(component("CONF_STATUS", urn("Codelist", "CL_CONF")), OBSERVATION),
            attribute(of_type("EMBARGO_TIME", "DateTime"), OBSERVATION),
            attribute(
                of_type("COMMENT", "String", facets={"isMultiLingual": True, "maxLength": 200}),
                OBSERVATION,
            ),
            attribute(
                component("SOURCES")
                | {
                    "localRepresentation": {
                        "enumeration": urn("Codelist", "CL_SOURCE"),
                        "maxOccurs": "unbounded",
                    }
                },
                OBSERVATION,
            ),
            attribute(of_type("UNIT_MULT", "Integer"), ["FREQ", "REF_AREA", "SEX"], "mandatory"),
            attribute(of_type("COLLECTION", "String"), {"group": "BY_AREA_SEX"}),
            attribute(of_type("METHOD", "String"), ["REF_AREA"]),
            attribute(of_type("TITLE", "String"), DATASET, "mandatory"),
        ],
        groups=[{"id": "BY_AREA_SEX", "groupDimensions": ["REF_AREA", "SEX"]}],
        version=version,
    )


def small_structure() -> Artefact:
    """The data structure without anything mandatory."""
    return structure(
        "DSD_SMALL",
        [
            component("FREQ", urn("Codelist", "CL_FREQ")),
            component("REF_AREA", urn("Codelist", "CL_AREA")),
        ],
        [of_type("OBS_VALUE", "Decimal", usage="optional")],
        [
            attribute(component("STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION),
            attribute(component("CONF_STATUS", urn("Codelist", "CL_CONF")), OBSERVATION),
            attribute(of_type("EMBARGO_TIME", "DateTime"), OBSERVATION),
            attribute(of_type("S", "String"), ["FREQ", "REF_AREA"]),
            attribute(of_type("G", "String"), ["REF_AREA"]),
            attribute(of_type("D", "String"), DATASET),
        ],
    )


def network() -> list[Artefact]:
    """Everything together."""
    flow = {"dataflows": [urn("Dataflow", "DF")]}
    return [
        artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=[item("TST")]),
        artefact(
            "DataProviderScheme", "DATA_PROVIDERS", "1.0", dataProviders=[item(CRI), item(SLV)]
        ),
        artefact("ConceptScheme", "CS", concepts=[item(one) for one in CONCEPTS]),
        codelist("CL_FREQ", "A", "Q", "M", "D"),
        codelist("CL_AREA", "CRI", "SLV", "GTM", "HND"),
        codelist("CL_SEX", "F", "M", "_T", "U"),
        codelist("CL_STATUS", "A", "B", "E", "M", "P"),
        codelist("CL_CONF", "F", "N", "C"),
        codelist("CL_SOURCE", "CENSUS", "REGISTER", "SURVEY"),
        big_structure(),
        small_structure(),
        artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD")),
        artefact("Dataflow", "DF_SMALL", structure=urn("DataStructure", "DSD_SMALL")),
        constraint(
            "CC_DSD",
            {"dataStructures": [urn("DataStructure", "DSD")]},
            cubeRegions=[region(SEX=["F", "M", "_T"])],
        ),
        constraint(
            "CC_DF",
            flow,
            cubeRegions=[
                region(TIME_PERIOD={"afterPeriod": {"period": "2000-01-01", "isInclusive": True}}),
                region(include=False, REF_AREA=["GTM"], SEX=["M"]),
            ],
        ),
        constraint(
            "CC_KEYS",
            flow,
            dataKeySets=[
                {
                    "isIncluded": False,
                    "keys": [
                        {
                            "keyValues": [
                                {"id": "FREQ", "value": "A"},
                                {"id": "REF_AREA", "value": "GTM"},
                            ]
                        }
                    ],
                }
            ],
        ),
        constraint(
            "CC_PA_CRI",
            {"provisionAgreements": [urn("ProvisionAgreement", "PA_CRI")]},
            cubeRegions=[region(REF_AREA=["CRI", "GTM"])],
        ),
        constraint(
            "CC_PA_SLV",
            {"provisionAgreements": [urn("ProvisionAgreement", "PA_SLV")]},
            cubeRegions=[region(REF_AREA=["SLV"])],
        ),
        agreement("PA_CRI", "DF", CRI, PRECEDENCE="200"),
        agreement("PA_SLV", "DF", SLV, ATTRIBUTE__TITLE="Fixed by the agreement"),
        agreement("PA_CRI_SMALL", "DF_SMALL", CRI),
        agreement("PA_SLV_SMALL", "DF_SMALL", SLV, READERS="OCAM"),
    ]


def sheet(
    header: str, *rows: str, flow: str = FLOW, action: str = "M", kind: str = "dataflow"
) -> str:
    """An SDMX-CSV message: `header` names the components, each row its cells.

    A row that begins with `X|` has the action X.
    """
    lines = [f"STRUCTURE[;],STRUCTURE_ID,ACTION,{header}"]
    for row in rows:
        own, bar, cells = row.partition("|")
        named, rest = (own, cells) if bar and len(own) == 1 else (action, row)
        lines.append(f"{kind},{flow},{named},{rest}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Decision:
    """What became of a file."""

    submission: StoredSubmission
    findings: list[Finding]

    @property
    def state(self) -> str:
        """State of the submission."""
        return self.submission.state

    @property
    def codes(self) -> list[str]:
        """Codes of the findings in their order."""
        return [finding.code for finding in self.findings]


ROOMS = (
    "series",
    "attachment",
    "change",
    "agreement_head",
    "withheld_series",
    "withheld_attachment",
    "withheld_change",
    "withheld_head",
    "ledger",
    "outbox",
)
"""Tables that a publication changes."""


@dataclass
class Desk:
    """Where files are handed in: the whole way from bytes to rooms on a real database."""

    pools: Pools
    cache: CatalogueCache = field(default_factory=CatalogueCache)

    async def put(self, content: str | bytes, organisation: str = CRI, **parts: Any) -> uuid.UUID:
        """Receive a file, not yet processed."""
        body = content.encode() if isinstance(content, str) else content

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1 << 16):
                yield body[start : start + (1 << 16)]

        upload = Upload(
            chunks(),
            "application/vnd.sdmx.data+csv",
            parts.get("encoding"),
            None,
            parts.get("idempotency_key"),
            MAX_BYTES,
            again=parts.get("again", False),
            options=parts.get("options", {}),
        )
        subject = Subject(f"client-of-{organisation}", organisation, "data_provider")
        stored, _ = await receive_submission(self.pools, subject, upload)
        return stored.id

    async def process(self, submission: uuid.UUID, max_bytes: int = MAX_BYTES) -> Decision:
        """Process a file that was received."""
        await process_submission(self.pools, self.cache, submission, max_bytes=max_bytes)
        async with self.pools.writer.acquire() as connection:
            stored = await submissions.by_id(connection, submission)
            found = await submissions.findings(connection, submission, 0, 1_000_000)
        assert stored is not None
        return Decision(stored, found)

    async def send(self, content: str | bytes, organisation: str = CRI, **parts: Any) -> Decision:
        """Receive and process a file."""
        max_bytes = parts.pop("max_bytes", MAX_BYTES)
        return await self.process(await self.put(content, organisation, **parts), max_bytes)

    async def accept(self, content: str | bytes, organisation: str = CRI, **parts: Any) -> Decision:
        """Send a file that has to be accepted."""
        decision = await self.send(content, organisation, **parts)
        assert decision.state in {"published", "awaiting release"}, decision.findings
        return decision

    async def release(self, agreement_name: str) -> Place:
        """Move to the public room what the clock has passed."""
        async with self.pools.writer.acquire() as connection:
            number, dataflow = await self.numbers(agreement_name)
            async with connection.transaction():
                begun = await publication.begin_publication(connection, None)
                await publication.publish_release(connection, begun, number, dataflow)
                return await publication.end_publication(
                    connection, begun, action="release", actor="clock", about=agreement_name
                )

    async def numbers(self, agreement_name: str) -> tuple[int, int]:
        """Number of an agreement and of its dataflow."""
        [row] = await self.pools.writer.fetch(
            "SELECT id, dataflow_id FROM agreement WHERE urn LIKE '%:' || $1 || '(%'",
            agreement_name,
        )
        return row["id"], row["dataflow_id"]

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, documents read."""
        found = await self.pools.writer.fetch(f"SELECT * FROM {table}")
        rows = [{name: _read(name, value) for name, value in row.items()} for row in found]
        return sorted(rows, key=repr)

    async def state(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables that a publication changes."""
        return {table: await self.rows(table) for table in ROOMS}

    async def observations(self, table: str = "series") -> dict[str, dict[str, Any]]:
        """Observations by key with time, as `A.CRI.2024`, over all agreements."""
        found: dict[str, dict[str, Any]] = {}
        for row in await self.rows(table):
            document = row["observations"]
            for place, time in enumerate(document["TIME_PERIOD"]):
                found[".".join([*row["key"], time])] = {
                    name: values[place] if isinstance(values, list) else values
                    for name, values in document.items()
                    if name != "TIME_PERIOD"
                    and (values[place] if isinstance(values, list) else values) is not None
                }
        return found

    async def series_attributes(self, table: str = "series") -> dict[str, dict[str, Any]]:
        """Attributes of the series by key."""
        return {".".join(row["key"]): row["attributes"] for row in await self.rows(table)}

    async def attachments(self, table: str = "attachment") -> dict[str, dict[str, Any]]:
        """Attributes above the series by key, `*` where it is open."""
        return {
            ".".join(code or "*" for code in row["key"]): row["attributes"]
            for row in await self.rows(table)
        }


def _read(name: str, value: Any) -> Any:
    if name in {"observations", "attributes", "facts", "payload"} and isinstance(value, str):
        return orjson.loads(value)
    return value


async def open_desk(pools: Pools, artefacts: Iterable[Artefact] | None = None) -> Desk:
    """A desk with the structures published."""
    listed = network() if artefacts is None else list(artefacts)
    await publish_artefacts(pools, listed, START)
    return Desk(pools)

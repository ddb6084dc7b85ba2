"""The answer to a submission of structures: `SubmitStructureResponse`.

SDMX-ML 3.0 and 3.1 define it (SDMXRegistryStructure.xsd). SDMX-JSON has no such message; the JSON
written here has the names of the XML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import orjson

from app.sdmx.messages.structure_message import MessageHeader

Action: TypeAlias = Literal["Append", "Replace", "Delete"]
Status: TypeAlias = Literal["Success", "Warning", "Failure"]

_SCHEMAS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_NAMESPACES: Final[Mapping[str, str]] = {"3.1.0": "v3_1", "3.0.0": "v3_0"}
_NOBODY: Final = "anonymous"


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What became of one artefact.

    Attributes:
        action: what was asked for.
        urn: the maintainable artefact.
        status: how it went.
        code: the HTTP status of this artefact alone.
        texts: what happened, by language.
        facts: `code`, the stable code of an error, and its machine-readable detail; JSON only.
    """

    action: Action
    urn: str
    status: Status
    code: int
    texts: Mapping[str, str]
    facts: Mapping[str, object] = field(default_factory=dict)


def write_json(
    results: Iterable[SubmissionResult], header: MessageHeader, receiver: str | None
) -> bytes:
    """Write the answer as JSON."""
    message = {
        "meta": {
            "id": header.id,
            "test": False,
            "prepared": _instant(header.prepared),
            "contentLanguages": list(header.languages),
            "sender": {"id": header.sender},
            "receivers": [{"id": receiver or _NOBODY}],
        },
        "submitStructureResponse": {"submissionResults": [_json_result(one) for one in results]},
    }
    return orjson.dumps(message, default=str)


def _json_result(result: SubmissionResult) -> dict[str, Any]:
    text = {"code": str(result.code), "texts": dict(result.texts)}
    return {
        "submittedStructure": {"action": result.action, "maintainableObject": result.urn},
        "statusMessage": {
            "status": result.status,
            "messageTexts": [text | {f"x-{name}": fact for name, fact in result.facts.items()}],
        },
    }


def write_xml(
    results: Iterable[SubmissionResult],
    header: MessageHeader,
    receiver: str | None,
    *,
    version: str = "3.1.0",
) -> bytes:
    """Write the answer as a message of the registry in SDMX-ML 3.1 or 3.0."""
    schemas = _SCHEMAS + _NAMESPACES[version]
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<mes:RegistryInterface xmlns:mes="{schemas}/message" xmlns:reg="{schemas}/registry" '
        f'xmlns:com="{schemas}/common">',
        f"<mes:Header><mes:ID>{escape(header.id)}</mes:ID><mes:Test>false</mes:Test>",
        f"<mes:Prepared>{_instant(header.prepared)}</mes:Prepared>",
        f"<mes:Sender id={quoteattr(header.sender)}/>",
        f"<mes:Receiver id={quoteattr(_party(receiver))}/></mes:Header>",
        "<mes:SubmitStructureResponse>",
        *map(_xml_result, results),
        "</mes:SubmitStructureResponse></mes:RegistryInterface>",
    ]
    return "".join(parts).encode()


def _xml_result(result: SubmissionResult) -> str:
    texts = "".join(
        f"<com:Text xml:lang={quoteattr(language)}>{escape(text)}</com:Text>"
        for language, text in result.texts.items()
    )
    return (
        f"<reg:SubmissionResult><reg:SubmittedStructure action={quoteattr(result.action)}>"
        f"<reg:MaintainableObject>{escape(result.urn)}</reg:MaintainableObject>"
        f"</reg:SubmittedStructure><reg:StatusMessage status={quoteattr(result.status)}>"
        f'<reg:MessageText code="{result.code}">{texts}</reg:MessageText>'
        "</reg:StatusMessage></reg:SubmissionResult>"
    )


def _party(receiver: str | None) -> str:
    """An id of a party: those of SDMX have no dots."""
    return (receiver or _NOBODY).replace(".", "-")


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

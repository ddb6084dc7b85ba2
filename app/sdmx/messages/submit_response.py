"""The answer to a submission of structures: `SubmitStructureResponse`.

SDMX-ML 3.0 and 3.1 define it (SDMXRegistryStructure.xsd). SDMX-JSON has no such message; the JSON
written here has the names of the XML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from app.sdmx.messages.registry_ml import NOBODY, write_registry_message
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_text import escape

Action: TypeAlias = Literal["Append", "Replace", "Delete"]
Status: TypeAlias = Literal["Success", "Warning", "Failure"]


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
        "meta": {**header.as_meta(), "test": False, "receivers": [{"id": receiver or NOBODY}]},
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
    return write_registry_message(
        "SubmitStructureResponse",
        map(_xml_result, results),
        header,
        version=version,
        receiver=receiver or NOBODY,
    )


def _xml_result(result: SubmissionResult) -> str:
    texts = "".join(
        f'<com:Text xml:lang="{language}">{escape(text)}</com:Text>'
        for language, text in result.texts.items()
    )
    return (
        f'<reg:SubmissionResult><reg:SubmittedStructure action="{result.action}">'
        f"<reg:MaintainableObject>{escape(result.urn)}</reg:MaintainableObject>"
        f'</reg:SubmittedStructure><reg:StatusMessage status="{result.status}">'
        f'<reg:MessageText code="{result.code}">{texts}</reg:MessageText>'
        "</reg:StatusMessage></reg:SubmissionResult>"
    )

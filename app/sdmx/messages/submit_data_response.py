"""The answer to a submission of data: `SubmitDataResponse`.

SDMX-REST names it and tells its parts (sdmx-rest, doc/maintenance.md, data submission); no schema
of SDMX-ML or SDMX-JSON has it yet. Both forms here have the names of that text, in the shape of
`SubmitStructureResponse`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from app.sdmx.messages.registry_ml import NOBODY, write_registry_message
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_text import escape, quote

Status: TypeAlias = Literal["Success", "Warning", "Failure"]
Texts: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SubmittedDataset:
    """What became of one dataset of the message.

    Attributes:
        urn: the dataflow, data structure or provision agreement that it names.
        action: what was asked for.
        texts: what happened, by language.
    """

    urn: str
    action: str
    status: Status
    texts: Texts


@dataclass(frozen=True, slots=True)
class DataSubmissionResult:
    """What became of a message of data, which is stored whole or not at all.

    Attributes:
        code: the HTTP status of the message.
        texts: what happened, by language.
        details: what was found, each with its stable code and its texts by language.
        links: where more is told, by name; JSON only.
    """

    code: int
    status: Status
    texts: Texts
    datasets: Sequence[SubmittedDataset] = ()
    details: Sequence[tuple[str, Texts]] = ()
    links: Mapping[str, str] = field(default_factory=dict)


def write_json(result: DataSubmissionResult, header: MessageHeader, receiver: str | None) -> bytes:
    """Write the answer as JSON."""
    texts = [(str(result.code), result.texts), *result.details]
    told: dict[str, Any] = {
        "submittedData": [
            {
                "urn": dataset.urn,
                "action": dataset.action,
                "statusMessage": [{"status": dataset.status, "texts": dict(dataset.texts)}],
            }
            for dataset in result.datasets
        ],
        "submissionResult": {
            "code": result.code,
            "statusMessage": {
                "status": result.status,
                "messageTexts": [{"code": code, "texts": dict(each)} for code, each in texts],
            },
        },
        "x-links": dict(result.links),
    }
    meta = {**header.as_meta(), "test": False, "receivers": [{"id": receiver or NOBODY}]}
    return orjson.dumps({"meta": meta, "submitDataResponse": told})


def write_xml(
    result: DataSubmissionResult,
    header: MessageHeader,
    receiver: str | None,
    *,
    version: str = "3.1.0",
) -> bytes:
    """Write the answer as a message of the registry in SDMX-ML 3.1 or 3.0."""
    texts = [(str(result.code), result.texts), *result.details]
    content = [
        f'<reg:SubmittedData urn="{quote(dataset.urn)}" action="{quote(dataset.action)}">'
        f"{_status(dataset.status, [('', dataset.texts)])}</reg:SubmittedData>"
        for dataset in result.datasets
    ]
    content.append(
        f'<reg:SubmissionResult code="{result.code}">{_status(result.status, texts)}'
        "</reg:SubmissionResult>"
    )
    return write_registry_message(
        "SubmitDataResponse", content, header, version=version, receiver=receiver or NOBODY
    )


def _status(status: Status, messages: Sequence[tuple[str, Texts]]) -> str:
    listed = "".join(_message(code, texts) for code, texts in messages)
    return f'<reg:StatusMessage status="{status}">{listed}</reg:StatusMessage>'


def _message(code: str, texts: Texts) -> str:
    told = "".join(
        f'<com:Text xml:lang="{language}">{escape(text)}</com:Text>'
        for language, text in texts.items()
    )
    coded = f' code="{quote(code)}"' if code else ""
    return f"<reg:MessageText{coded}>{told}</reg:MessageText>"

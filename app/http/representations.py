"""What replies of SDMX resources say of themselves, and the form that a structure message takes."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from app.auth.subject import Subject
from app.sdmx.negotiation import (
    VARY,
    Options,
    Representation,
    negotiate_language,
)
from app.services.prepare_data import PreparedData
from app.services.query_structures import StructureForm


def structure_form(
    request: Request, representation: Representation, options: Options, available: Sequence[str]
) -> StructureForm:
    """How a structure message is written for this caller, in languages that are available."""
    accepted = request.headers.get("accept-language")
    return StructureForm(
        representation=representation,
        languages=negotiate_language(accepted, options.lang, available),
        base_url=request.app.state.settings.base_url,
    )


def validators(prepared: PreparedData, etag: str, caller: Subject | None) -> dict[str, str]:
    """The header fields of every reply about data, 304 and 204 included."""
    return {
        "ETag": etag,
        "Last-Modified": prepared.last_modified,
        "Vary": f"{VARY}, Authorization",
        "Cache-Control": "private, no-cache" if caller else "public, no-cache",
    }


def languages_field(languages: Sequence[str]) -> dict[str, str]:
    """The header field that names the languages of a body, if it has any."""
    return {"Content-Language": ", ".join(languages)} if languages else {}


def content_fields(content_type: str, languages: Sequence[str], encoding: str) -> dict[str, str]:
    """The header fields that describe a body."""
    fields = {"Content-Type": content_type} | languages_field(languages)
    if encoding != "identity":
        fields["Content-Encoding"] = encoding
    return fields

"""What a submission is answered with: JSON by default, or SDMX-ML of the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fastapi import Request, Response

from app.errors import NotAcceptableError
from app.http.errors import request_id
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.negotiation import Representation, negotiate, parse_options
from app.sdmx.offers import Offer, Offers

REGISTRY_XML: Final = "application/vnd.sdmx.registry+xml"
JSON: Final = "application/json"


def registry_offers(kind: str, json_keywords: Sequence[str], xml_keywords: Sequence[str]) -> Offers:
    """The formats of the answers about a kind of message, such as `data` (doc/maintenance.md).

    The media types of the kind itself are taken for that of the answer.
    """
    own = f"application/vnd.sdmx.{kind}+"
    xml = (f"{own}xml", "application/xml", "text/xml")
    more = ("application/vnd.sdmx.metadata+json",) if kind == "structure" else ()
    return (
        Offer("json", JSON, "2.1.0", (f"{own}json", *more), tuple(json_keywords)),
        *(
            Offer("xml", REGISTRY_XML, version, xml, tuple(xml_keywords))
            for version in ("3.1.0", "3.0.0")
        ),
    )


def answer_in_registry_form(
    request: Request,
    offers: Offers,
    status: int,
    languages: Sequence[str],
    write_json: Callable[[MessageHeader], bytes],
    write_xml: Callable[[MessageHeader, str], bytes],
    headers: Mapping[str, str],
) -> Response:
    """Write the answer in the format asked for, or in the default where that is not offered."""
    chosen = _choose(request, offers)
    identifier = request_id(request.scope).replace(".", "-")
    header = MessageHeader(identifier, dt.datetime.now(dt.UTC), languages=tuple(languages))
    if chosen.format == "json":
        body, content_type = write_json(header), JSON
    else:
        body, content_type = write_xml(header, chosen.version), chosen.content_type
    told = {
        "Cache-Control": "no-store",
        "Content-Language": ", ".join(languages),
        "Vary": "Accept, Authorization",
    }
    return Response(body, status, {**told, **headers}, content_type)


def _choose(request: Request, offers: Offers) -> Representation:
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    try:
        return negotiate(request.headers.get("accept"), offers, options)
    except NotAcceptableError:
        return Representation(offers[0])

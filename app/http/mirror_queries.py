"""Queries of mirror pairs: codes by dimension, the time between two periods, a lag."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.http.conditions import holds
from app.http.submission_parameters import refuse_unknown
from app.sdmx.mirrors.pair import LONGEST_LAG
from app.sdmx.mirrors.periods import canonical_period
from app.sdmx.mirrors.plan import CellQuery
from app.sdmx.series import TIME
from app.sdmx.time_period import parse_time_period

MOST_CODES: Final = 500

_DIMENSION: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_CODE: Final = re.compile(r"[A-Za-z0-9_@$-]+")
_OWN: Final = ("startPeriod", "endPeriod", "lag", "leftProvider", "rightProvider")
_VARY: Final = "Authorization, Accept, Accept-Language"


def read_cell_query(request: Request, beside: Collection[str] = ()) -> CellQuery:
    """The cells that an address asks for; `beside` are parameters that are read elsewhere.

    A parameter in capitals is a dimension, with one code or several, joined by commas or `+`.

    Raises:
        QuerySyntaxError: a parameter that there is not, or one that cannot be read.
    """
    given = request.query_params.multi_items()
    dimensions = [name for name, _ in given if _DIMENSION.fullmatch(name)]
    refuse_unknown((name for name, _ in given), {*_OWN, *beside, *dimensions})
    values = dict(given)
    first, last = values.get("startPeriod"), values.get("endPeriod")
    first_day = parse_time_period(first).start_date if first else None
    last_day = parse_time_period(last).end_date if last else None
    if first_day and last_day and first_day > last_day:
        raise QuerySyntaxError(
            "startPeriod is later than endPeriod: nothing lies between.",
            "startPeriod es posterior a endPeriod: no hay nada entre ambos.",
        )
    codes = {name: _codes(name, values[name]) for name in dimensions}
    left, right = (
        _codes(name, values[name]) if name in values else ()
        for name in ("leftProvider", "rightProvider")
    )
    return CellQuery(codes, first_day, last_day, _lag(values.get("lag", "0")), left, right)


def read_note_codes(request: Request, beside: Collection[str]) -> dict[str, str]:
    """The cells whose notes an address asks for: one code a dimension, and TIME_PERIOD.

    Raises:
        QuerySyntaxError: a parameter that there is not, or one that cannot be read.
    """
    given = request.query_params.multi_items()
    dimensions = [name for name, _ in given if _DIMENSION.fullmatch(name)]
    refuse_unknown((name for name, _ in given), {*beside, *dimensions})
    values = dict(given)
    codes = {name: values[name] for name in dimensions}
    period = codes.pop(TIME, None)
    for name, code in codes.items():
        if len(_codes(name, code)) != 1:
            raise QuerySyntaxError(
                f"{name} takes one code here.",
                f"{name} admite un código aquí.",
                parameter=name[:80],
            )
    if period is None:
        return codes
    parse_time_period(period)
    return {**codes, TIME: canonical_period(period)}


def mirror_reply(
    request: Request,
    body: bytes,
    caller: Subject | None,
    language: str,
    file_name: str | None = None,
) -> Response:
    """A reply with the tag of its bytes; a table bears the name of its file."""
    room = "public" if caller is None else "private"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers: Mapping[str, str] = {
        "Cache-Control": f"{room}, no-cache",
        "Vary": _VARY,
        "ETag": etag,
        "Content-Language": language,
    }
    if holds(request, etag):
        return Response(status_code=304, headers=headers)
    if file_name is None:
        return Response(body, 200, headers, "application/json")
    named = {**headers, "Content-Disposition": f'attachment; filename="{file_name}.csv"'}
    return Response(body, 200, named, "text/csv; charset=utf-8")


def _codes(name: str, text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code for code in re.split(r"[,+ ]", text) if code))
    if not 0 < len(codes) <= MOST_CODES or not all(map(_CODE.fullmatch, codes)):
        raise QuerySyntaxError(
            f"{name} takes 1 to {MOST_CODES} codes, joined by commas.",
            f"{name} admite de 1 a {MOST_CODES} códigos, unidos por comas.",
            parameter=name[:80],
        )
    return codes


def _lag(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:4]) > LONGEST_LAG:
        raise QuerySyntaxError(
            f"lag is a whole number of periods from 0 to {LONGEST_LAG}.",
            f"lag es un número entero de períodos de 0 a {LONGEST_LAG}.",
            parameter="lag",
        )
    return int(text)

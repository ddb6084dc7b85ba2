"""What differs between the interfaces of SDMX-REST 1.5 and 2.2 when a query is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from fastapi import Request, Response
from starlette.types import Scope

from app.errors import NotFoundError

V1_PATH: Final = "/sdmx/v1"
"""Where the paths of SDMX-REST 1.5 begin."""

_DATA: Final = (f"{V1_PATH}/data/", "/sdmx/v2/data")


def is_v1(scope: Scope) -> bool:
    """Whether a request came on a path of SDMX-REST 1.5."""
    path: str = scope["path"]
    return path == V1_PATH or path.startswith(V1_PATH + "/")


def kind_of(path: str) -> Literal["data", "structure"]:
    """The kind of SDMX-JSON message that a path is answered with, its errors too."""
    return "data" if path.startswith(_DATA) else "structure"


def nothing_found(
    request: Request, headers: Mapping[str, str], *, is_known: bool = True
) -> Response:
    """The reply where nothing matches: 204, and on the 1.x paths 404 with the code 100.

    Args:
        request: which was answered with nothing.
        headers: the fields of a reply 204.
        is_known: whether the structure that was asked for is there.

    Raises:
        NotFoundError: on the 1.x paths.
    """
    if is_v1(request.scope) and not is_known:
        raise NotFoundError(
            "No results: there is no such flow.", "Sin resultados: no existe tal flujo."
        )
    if is_v1(request.scope):
        raise NotFoundError(
            "No results: nothing matches the query.",
            "Sin resultados: nada corresponde a la consulta.",
        )
    return Response(status_code=204, headers=dict(headers))

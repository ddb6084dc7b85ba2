"""Bodies that are small by their nature, read whole and no further than that."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from app.errors import TooLargeError


def too_large(limit: int) -> TooLargeError:
    """What is said of a body beyond a limit, in bytes."""
    return TooLargeError(
        f"The body has more than {limit} bytes.",
        f"El cuerpo tiene más de {limit} bytes.",
        limit=limit,
    )


async def read_small_body(
    request: Request, limit: int, refusal: Callable[[int], TooLargeError] = too_large
) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: it has more bytes than the limit.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise refusal(limit)
    return bytes(body)

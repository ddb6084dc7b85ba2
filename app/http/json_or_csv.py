"""Replies that are there as JSON and as a table."""

from __future__ import annotations

from fastapi import Request

from app.errors import NotAcceptableError


def wants_csv(request: Request, asked: str | None, named: tuple[str, str]) -> bool:
    """Whether the caller wants CSV: by the parameter, or by the field Accept.

    Args:
        request: with the field.
        asked: the parameter.
        named: the begin of what is said of another format, in English and Spanish.

    Raises:
        NotAcceptableError: the parameter names another format.
    """
    if asked is not None:
        if asked not in {"json", "csv"}:
            english, spanish = named
            raise NotAcceptableError(
                f"{english} there as json and csv.", f"{spanish} en json y csv."
            )
        return asked == "csv"
    accept = request.headers.get("accept", "")
    return "text/csv" in accept and "application/json" not in accept

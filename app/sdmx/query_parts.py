"""What the grammars of SDMX-REST 1.5 and 2.2 share: segments, lists of ids, values of parameters.

Everything is read raw, still percent-encoded (see `app.sdmx.query_string`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

from app.errors import QuerySyntaxError
from app.sdmx.negotiation import EXTENSION_PARAMETERS
from app.sdmx.offers import CSV_PARAMETERS
from app.sdmx.query_string import decode
from app.sdmx.urn import COMPONENT_ID
from app.sdmx.version import VersionQuery

WILDCARDS: Final = frozenset({"*", "all", "ALL"})
"""The words for any; a wildcard may also be percent-encoded."""

_T = TypeVar("_T")
_WHOLE_NUMBER: Final = re.compile("[0-9]{1,18}")


def fill_segments(
    path_segments: Sequence[str], defaults: tuple[str, ...], names: str
) -> tuple[str, ...]:
    """Split of a path into its parts, those left out at the end filled with their defaults.

    One trailing slash is allowed.

    Raises:
        QuerySyntaxError: there are more parts than `names` says, or an empty one.
    """
    given = tuple(path_segments)
    if given and not given[-1]:
        given = given[:-1]
    if len(given) > len(defaults) or not all(given):
        raise QuerySyntaxError(
            f"The path does not have the form {names}: it has too many parts or an empty one.",
            f"La ruta no tiene la forma {names}: sobra una parte o hay una vacía.",
        )
    return given + defaults[len(given) :]


def read_parameters(
    given: Mapping[str, str], known: Collection[str], *, columns: Collection[str] = ()
) -> dict[str, str]:
    """Decode the values of raw parameters, without those that choose the representation.

    Args:
        given: the parameters as they were sent.
        known: the parameters of the query.
        columns: those parameters of SDMX-CSV that say something here.

    Raises:
        QuerySyntaxError: there is one that is not known.
    """
    for name in given:
        if name not in known and name not in EXTENSION_PARAMETERS:
            choosing = EXTENSION_PARAMETERS.difference(CSV_PARAMETERS).union(columns)
            listed = ", ".join((*sorted(known), *sorted(choosing)))
            raise QuerySyntaxError(
                f"There is no parameter {name[:80]!r} here; there are {listed}.",
                f"Aquí no hay parámetro {name[:80]!r}; los hay: {listed}.",
                parameter=name,
            )
    return {name: decode(raw) for name, raw in given.items() if name in known}


def read_ids(
    name: str,
    raw: str,
    pattern: re.Pattern[str],
    *,
    separator: str = ",",
    wildcards: Collection[str] = WILDCARDS,
) -> tuple[str, ...]:
    """Read a list of ids; empty stands for any.

    Raises:
        QuerySyntaxError: one has not the form of an id.
    """
    if raw in wildcards:
        return ()
    ids = tuple(dict.fromkeys(decode(raw).split(separator)))
    if any(one in wildcards for one in ids):
        return ()
    for one in ids:
        if pattern.fullmatch(one) is None:
            raise bad_value(name, one)
    return ids


def read_one(name: str, raw: str, pattern: re.Pattern[str]) -> str:
    """Read one id of a path.

    Raises:
        QuerySyntaxError: it is missing, a wildcard, or a list of several.
    """
    text = decode(raw)
    if not text:
        raise QuerySyntaxError(
            f"The path is too short: {name} is missing.",
            f"La ruta es demasiado corta: falta {name}.",
            parameter=name,
        )
    # `all` is an id by its form, but here no more allowed than `*`.
    if text in WILDCARDS or pattern.fullmatch(text) is None:
        raise bad_value(name, text)
    return text


def read_choices(
    name: str, text: str, known: Collection[str], *, wildcards: Collection[str] = WILDCARDS
) -> tuple[str, ...]:
    """Read a comma list of words that are known; empty stands for any.

    Raises:
        QuerySyntaxError: one is not known; the text lists those that are.
    """
    chosen = tuple(dict.fromkeys(text.split(",")))
    if any(one in wildcards for one in chosen):
        return ()
    for one in chosen:
        read_choice(name, one, known)
    return chosen


def read_choice(name: str, text: str, known: Collection[str]) -> str:
    """Give a word that is known.

    Raises:
        QuerySyntaxError: it is not; the text lists those that are.
    """
    if text not in known:
        listed = ", ".join(known)
        raise QuerySyntaxError(
            f"{name} cannot be {text[:80]!r}; it is one of {listed}.",
            f"{name} no puede ser {text[:80]!r}; es uno de {listed}.",
            parameter=name,
        )
    return text


def read_versions(raw: str) -> tuple[VersionQuery, ...]:
    """Read a comma list of versions; empty stands for any.

    Raises:
        QuerySyntaxError: one is no version query.
    """
    if raw in WILDCARDS:
        return ()
    texts = decode(raw).split(",")
    queries = tuple(
        dict.fromkeys(VersionQuery.parse("*" if one in WILDCARDS else one) for one in texts)
    )
    return () if any(query.is_any for query in queries) else queries


def read_observation_dimension(values: Mapping[str, str]) -> str | None:
    """Read `dimensionAtObservation`, None where not given.

    Raises:
        QuerySyntaxError: it has not the form of a component id.
    """
    text = values.get("dimensionAtObservation")
    if text is None:
        return None
    if COMPONENT_ID.fullmatch(text) is None:
        raise bad_value("dimensionAtObservation", text)
    # TimeDimension is what the text of the standard said until 2.1.
    return "TIME_PERIOD" if text == "TimeDimension" else text


def read_count(values: Mapping[str, str], name: str, *, least: int = 1) -> int | None:
    """Read a whole number, None where not given.

    Raises:
        QuerySyntaxError: it is none, or too small.
    """
    text = values.get(name)
    if text is None:
        return None
    if _WHOLE_NUMBER.fullmatch(text) is None or int(text) < least:
        raise QuerySyntaxError(
            f"{name} must be a whole number from {least}, not {text[:80]!r}.",
            f"{name} debe ser un número entero desde {least}, no {text[:80]!r}.",
            parameter=name,
        )
    return int(text)


def read_boolean(values: Mapping[str, str], name: str) -> bool:
    """Read `true` or `false`; false where not given.

    Raises:
        QuerySyntaxError: it is neither.
    """
    return read_choice(name, values.get(name, "false"), ("true", "false")) == "true"


def read_optional(read: Callable[[str], _T], text: str | None) -> _T | None:
    """Read a value, None where not given."""
    return None if text is None else read(text)


def bad_value(name: str, text: str) -> QuerySyntaxError:
    """The error for a value that a part of the path or a parameter cannot have."""
    return QuerySyntaxError(
        f"{name} cannot be {text[:80]!r}.", f"{name} no puede ser {text[:80]!r}.", parameter=name
    )

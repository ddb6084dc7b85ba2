"""The lines of the two ledgers, and the hashes that chain them: what anybody can recompute.

The ledger of all publications shows, to each provider, what its own entries say, and of others
only that there is one: `entry_sha256` covers what an entry says, with a random salt in it, so that
nobody finds out by trying. The public ledger has the publications that changed what the public
may see, with a chain of its own, so that its numbers and times tell nothing of the others; each
entry of the first names its line in the second.

A hash is SHA-256 over the line as JSON with sorted keys and no spaces (RFC 8785), without `hash`
and `entry`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import orjson

GENESIS: Final = "0" * 64

LedgerName: TypeAlias = Literal["all", "public"]
Line: TypeAlias = dict[str, Any]

_NOT_HASHED: Final = frozenset({"hash", "entry"})

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "all": frozenset({"ledger", "sequence", "entry_sha256", "previous_hash", "hash"}),
    "public": frozenset(
        {"ledger", "sequence", "published_at", "action", "agreements", "previous_hash", "hash"}
    ),
}
"""What a line of each ledger has; one of `all` may have `entry` besides."""


def canonical(value: object) -> bytes:
    """A value of text, integers, lists and objects as JSON in its one canonical form."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: object) -> str:
    """SHA-256 of a value in its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def line_hash(line: Mapping[str, Any]) -> str:
    """The hash that a line must have."""
    return digest({name: value for name, value in line.items() if name not in _NOT_HASHED})


def line_of_all(sequence: int, entry_sha256: str, previous_hash: str) -> Line:
    """A line of the ledger of all publications."""
    line: Line = {
        "ledger": "all",
        "sequence": sequence,
        "entry_sha256": entry_sha256,
        "previous_hash": previous_hash,
    }
    return line | {"hash": line_hash(line)}


def public_line(
    sequence: int, published_at: str, action: str, agreements: Sequence[str], previous_hash: str
) -> Line:
    """A line of the public ledger; `agreements` are those whose public data changed."""
    line: Line = {
        "ledger": "public",
        "sequence": sequence,
        "published_at": published_at,
        "action": action,
        "agreements": list(agreements),
        "previous_hash": previous_hash,
    }
    return line | {"hash": line_hash(line)}

"""Checking a ledger and receipts without the service: pure, on what somebody has kept.

Everything stops at the first link that does not hold, which is named: where it stands, which field,
what it should be and what it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from app.auth.receipt_keys import (
    HEAD_TYPE,
    PRACTICE_TYPE,
    RECEIPT_TYPE,
    UnsignedError,
    check_signature,
    read_statement,
)
from app.store.ledger_lines import FIELDS, GENESIS, Line, canonical, digest, line_hash

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BrokenLinkError(Exception):
    """A link that does not hold.

    Attributes:
        place: where it stands, as (kind, name, number): `("line", "ledger.jsonl", 7)`,
            `("receipt", "CRI_DGME", 5)`.
        field: the field that is wrong, or `form` when nothing can be read.
        expected: what it should be.
        found: what it is.
    """

    def __init__(
        self,
        place: tuple[str, str, int],
        name: str,
        expected: object = None,
        found: object = None,
    ) -> None:
        super().__init__(place, name, expected, found)
        self.place = place
        self.field = name
        self.expected = expected
        self.found = found


@dataclass(slots=True)
class CheckedLedger:
    """A ledger whose chain holds.

    Attributes:
        name: `all` or `public`; empty where no line tells.
        source: the file that it was read from.
        hashes: of each line in their order.
        entries: what those entries say that are shown, by sequence.
    """

    name: str
    source: str
    hashes: list[bytes] = field(default_factory=list)
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)

    def hash(self, sequence: int) -> str | None:
        """The hash of a line, or None beyond the end; 0 is the beginning."""
        if sequence == 0:
            return GENESIS
        return self.hashes[sequence - 1].hex() if 0 < sequence <= len(self.hashes) else None


def check_ledger(source: str, lines: Iterable[bytes]) -> CheckedLedger:
    """Check the chain of a ledger, line by line.

    Raises:
        BrokenLinkError: the first line that does not hold.
    """
    checked = CheckedLedger("", source)
    previous = GENESIS
    for number, text in enumerate(lines, 1):
        place = ("line", source, number)
        line = _read_line(place, text)
        checked.name = checked.name or str(line["ledger"])
        _equal(place, "ledger", checked.name, line["ledger"])
        _equal(place, "sequence", number, line["sequence"])
        _equal(place, "previous_hash", previous, line["previous_hash"])
        if "entry" in line:
            _equal(place, "entry_sha256", digest(line["entry"]), line["entry_sha256"])
            checked.entries[number] = line["entry"]
        previous = line_hash(line)
        _equal(place, "hash", previous, line["hash"])
        checked.hashes.append(bytes.fromhex(previous))
    return checked


def _read_line(place: tuple[str, str, int], text: bytes) -> Line:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BrokenLinkError(place, "form") from error
    if not isinstance(line, dict) or line.get("ledger") not in FIELDS:
        raise BrokenLinkError(place, "form")
    missing = FIELDS[line["ledger"]] ^ (line.keys() - ({"entry"} & line.keys()))
    # Each byte counts, so that whatever was changed shows.
    if missing or canonical(line) + b"\n" != text:
        raise BrokenLinkError(place, next(iter(sorted(missing)), "form"))
    if "entry" in line and (line["ledger"] == "public" or not isinstance(line["entry"], dict)):
        raise BrokenLinkError(place, "entry")
    return line


def compare_ledgers(one: CheckedLedger, other: CheckedLedger) -> None:
    """See that two copies of a ledger agree as far as both go.

    Raises:
        BrokenLinkError: the first line that is not the same in the second.
    """
    pairs = zip(one.hashes, other.hashes, strict=False)
    for number, (mine, theirs) in enumerate(pairs, 1):
        _equal(("line", other.source, number), "hash", mine.hex(), theirs.hex())


def compare_with_public(ledger: CheckedLedger, public: CheckedLedger) -> None:
    """See that the entries that are shown stand in the public ledger, if they are public.

    Raises:
        BrokenLinkError: the first that does not.
    """
    known = {each.hex() for each in public.hashes}
    for sequence, entry in ledger.entries.items():
        hashed = entry.get("public_hash")
        if hashed is not None and hashed not in known:
            raise BrokenLinkError(("line", ledger.source, sequence), "public_hash", None, hashed)


@dataclass(frozen=True, slots=True)
class Statement:
    """A signed statement as it was kept: from which file, which line of it, and its text."""

    source: str
    number: int
    text: str

    @property
    def place(self) -> tuple[str, str, int]:
        """Where it stands, before anything is known of it."""
        return ("line", self.source, self.number)


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt whose signature holds."""

    statement: Statement
    claims: dict[str, Any]

    @property
    def place(self) -> tuple[str, str, int]:
        """Which receipt it is."""
        return ("receipt", str(self.claims["sub"]), int(self.claims["number"]))

    @property
    def is_practice(self) -> bool:
        """Whether it was issued in the practice space, where nothing counts."""
        return "practice" in self.claims


def check_statement(
    statement: Statement, keys: Mapping[str, Mapping[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """Type and claims of a signed statement, after its signature held.

    Args:
        statement: what was kept.
        keys: public keys by `kid`.

    Raises:
        BrokenLinkError: it is none, its key is not known or did not sign then, or the signature
            does not hold.
    """
    place = statement.place
    try:
        header, claims = read_statement(statement.text)
    except UnsignedError as error:
        raise BrokenLinkError(place, "form") from error
    if header.get("typ") not in {RECEIPT_TYPE, PRACTICE_TYPE, HEAD_TYPE}:
        raise BrokenLinkError(place, "typ", RECEIPT_TYPE, header.get("typ"))
    key = keys.get(str(header.get("kid")))
    if key is None:
        raise BrokenLinkError(place, "kid", None, header.get("kid"))
    try:
        check_signature(statement.text, key)
    except UnsignedError as error:
        raise BrokenLinkError(place, "signature") from error
    issued, begin, end = claims.get("iat"), key.get("nbf", 0), key.get("exp")
    if not isinstance(issued, int) or issued < begin or (end is not None and issued > end):
        raise BrokenLinkError(place, "iat", f"{begin}..{'' if end is None else end}", issued)
    return header["typ"], claims


def check_receipt(statement: Statement, kind: str, claims: dict[str, Any]) -> CheckedReceipt:
    """See that a statement says what a receipt says.

    Raises:
        BrokenLinkError: a claim is missing or of another kind.
    """
    place = statement.place
    _equal(place, "practice", kind == PRACTICE_TYPE, claims.get("practice", False))
    for name in ("iss", "sub", "jti", "submission", "state", "kind"):
        if not isinstance(claims.get(name), str):
            raise BrokenLinkError(place, name, None, claims.get(name))
    number, previous = claims.get("number"), claims.get("previous_receipt")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise BrokenLinkError(place, "number", None, number)
    if (previous is None) != (number == 1) or not (previous is None or _is_sha256(previous)):
        raise BrokenLinkError(
            ("receipt", claims["sub"], number), "previous_receipt", None, previous
        )
    if not _is_sha256(claims.get("sha256")):
        raise BrokenLinkError(place, "sha256", None, claims.get("sha256"))
    return CheckedReceipt(statement, claims)


def check_chain(receipts: Iterable[CheckedReceipt], *, whole: bool) -> None:
    """See that the receipts of one organisation follow each other.

    Args:
        receipts: of one chain, in any order.
        whole: from the first on, without gaps; else only neighbours are compared.

    Raises:
        BrokenLinkError: the first that does not follow the one before.
    """
    ordered = sorted(receipts, key=lambda each: int(each.claims["number"]))
    before: CheckedReceipt | None = None
    arrived: dict[str, str] = {}
    for receipt in ordered:
        claims = receipt.claims
        expected = 1 if before is None else before.claims["number"] + 1
        if whole or (before is not None and claims["number"] < expected):
            _equal(receipt.place, "number", expected, claims["number"])
        if before is not None and claims["number"] == expected:
            hashed = hashlib.sha256(before.statement.text.encode()).hexdigest()
            _equal(receipt.place, "previous_receipt", hashed, claims["previous_receipt"])
        known = arrived.setdefault(claims["submission"], claims["sha256"])
        _equal(receipt.place, "sha256", known, claims["sha256"])
        before = receipt


def check_in_ledger(receipt: CheckedReceipt, ledger: CheckedLedger) -> None:
    """See that what a receipt says of a ledger stands there.

    Raises:
        BrokenLinkError: there is no such line, or it has another hash or tells of another file.
    """
    of_all = ledger.name == "all"
    names = ("sequence", "ledger_hash") if of_all else ("public_sequence", "public_hash")
    sequence = receipt.claims.get(names[0])
    if sequence is None:
        return
    hashed = ledger.hash(sequence)
    if hashed is None:
        raise BrokenLinkError(receipt.place, names[0], f"<= {len(ledger.hashes)}", sequence)
    _equal(receipt.place, names[1], hashed, receipt.claims.get(names[1]))
    entry = ledger.entries.get(sequence)
    if entry is not None and entry.get("object") == f"submission/{receipt.claims['submission']}":
        told = entry.get("content_sha256")
        if told is not None:
            _equal(receipt.place, "sha256", told, receipt.claims["sha256"])


def check_head(statement: Statement, claims: Mapping[str, Any], ledger: CheckedLedger) -> None:
    """See that the ledger has what a signed head said of it.

    Raises:
        BrokenLinkError: the ledger ends before, or has another hash there.
    """
    sequence = claims.get("sequence")
    if not isinstance(sequence, int):
        raise BrokenLinkError(statement.place, "sequence", None, sequence)
    hashed = ledger.hash(sequence)
    if hashed is None:
        raise BrokenLinkError(statement.place, "sequence", f"<= {len(ledger.hashes)}", sequence)
    _equal(statement.place, "hash", hashed, claims.get("hash"))


def _equal(place: tuple[str, str, int], name: str, expected: object, found: object) -> None:
    if expected != found or type(expected) is not type(found):
        raise BrokenLinkError(place, name, expected, found)


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None

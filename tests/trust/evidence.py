"""Evidence made by hand: ledgers and receipts as the service writes them, without a service."""

from __future__ import annotations

import contextlib
import hashlib
import io
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.auth.evidence import Statement
from app.auth.receipt_keys import HEAD_TYPE, RECEIPT_TYPE, new_key, sign
from app.services.verify_evidence import Evidence, Verified, verify_evidence
from app.store.ledger_lines import GENESIS, canonical, digest, line_of_all, public_line

ISSUER = "https://datos.example.org"
LATER = 1_800_000_000
CONTENT = hashlib.sha256(b"file").hexdigest()


@dataclass
class Kept:
    """What a provider keeps: lines of bytes, each with its line end."""

    key: dict[str, Any] = field(default_factory=new_key)
    ledger: list[bytes] = field(default_factory=list)
    public: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    def verify(self) -> Verified:
        """Verify all of it together."""
        evidence = Evidence(keys={self.key["kid"]: self.key})
        for name in ("ledger", "public"):
            evidence.ledgers[f"{name}.jsonl"] = reader(getattr(self, name))
        for name in ("receipts", "heads"):
            body = b"".join(getattr(self, name))
            evidence.chains.append(statements(f"{name}.jws", body))
        return verify_evidence(evidence)

    def broken(self) -> tuple[Any, ...] | None:
        """Place and field of the first link that does not hold."""
        found = self.verify().broken
        return None if found is None else (*found.place, found.field)


def reader(lines: list[bytes]) -> Any:
    """How the lines of a ledger are opened."""
    return lambda: contextlib.nullcontext(io.BytesIO(b"".join(lines)))


def statements(name: str, body: bytes) -> list[Statement]:
    """The statements of a file, one a line."""
    lines = body.removesuffix(b"\n").split(b"\n") if body else []
    return [Statement(name, n, line.decode("ascii", "replace")) for n, line in enumerate(lines, 1)]


def make(publications: int = 8) -> Kept:
    """A provider with an arrival and a decision for every second publication of the ledger."""
    kept = Kept()
    private = orjson.dumps(kept.key).decode()
    previous, public_previous, receipt = GENESIS, GENESIS, None
    public_sequence, number = 0, 0

    def issue(**claims: Any) -> None:
        nonlocal receipt, number
        number += 1
        before = receipt and hashlib.sha256(receipt.encode()).hexdigest()
        said = {
            "iss": ISSUER,
            "sub": "CRI_DGME",
            "jti": str(uuid.uuid4()),
            "iat": 1_790_000_000 + number,
            "number": number,
            "previous_receipt": before,
            "sha256": CONTENT,
            **claims,
        }
        receipt = sign(said, private, RECEIPT_TYPE)
        kept.receipts.append(receipt.encode() + b"\n")

    for sequence in range(1, publications + 1):
        is_own, is_public = sequence % 2 == 1, sequence % 3 != 0
        submission = str(uuid.uuid4())
        at = f"2026-03-{sequence % 28 + 1:02d}T12:00:00.000000+00:00"
        told = None
        if is_public:
            public_sequence += 1
            told = public_line(
                public_sequence, at, "submission", [f"urn:{sequence}"], public_previous
            )
            public_previous = told["hash"]
            kept.public.append(canonical(told) + b"\n")
        entry = {
            "salt": uuid.uuid4().hex,
            "published_at": at,
            "object": f"submission/{submission}",
            "content_sha256": CONTENT,
            "public_hash": told and told["hash"],
        }
        line = line_of_all(sequence, digest(entry), previous)
        previous = line["hash"]
        kept.ledger.append(canonical(line | {"entry": entry} if is_own else line) + b"\n")
        if is_own:
            issue(submission=submission, kind="arrival", state="received")
            decided: dict[str, Any] = {"sequence": sequence, "ledger_hash": line["hash"]}
            if told:
                decided |= {"public_sequence": public_sequence, "public_hash": told["hash"]}
            issue(submission=submission, kind="decision", state="published", **decided)
    for name, last, hashed in (
        ("all", publications, previous),
        ("public", public_sequence, public_previous),
    ):
        claims = {
            "iss": ISSUER,
            "ledger": name,
            "sequence": last,
            "hash": hashed,
            "iat": 1_800_000_000,
        }
        kept.heads.append(sign(claims, private, HEAD_TYPE).encode() + b"\n")
    return kept

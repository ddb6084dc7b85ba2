"""Issuing a receipt: a signed statement on a submission, in the transaction that it speaks of."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from app.auth.receipt_keys import PRACTICE_TYPE, RECEIPT_TYPE, new_key, sign
from app.store import receipts
from app.store.ledger_lines import digest
from app.store.receipts import StoredReceipt
from app.store.types import Connection

ReceiptKind: TypeAlias = Literal["arrival", "decision"]


async def issue_receipt(connection: Connection, submission: uuid.UUID, kind: ReceiptKind) -> None:
    """Sign what the caller's transaction has made of a submission, and store it there.

    To be called last in the transaction: the organisation's chain is locked until it ends.
    """
    facts = await receipts.take_turn(connection, submission)
    if facts is None:
        return
    if facts["private_jwk"] is None:
        await receipts.add_key(connection, new_key())
        facts = await receipts.take_turn(connection, submission)
        assert facts is not None  # noqa: S101 - it was there before
    identity = uuid.uuid4()
    claims = _claims(submission, kind, identity, facts)
    statement_type = PRACTICE_TYPE if facts["is_practice"] else RECEIPT_TYPE
    await receipts.add(
        connection,
        StoredReceipt(
            identity,
            submission,
            facts["organisation"],
            claims["number"],
            kind,
            facts["issued_at"],
            sign(claims, facts["private_jwk"], statement_type),
        ),
    )


def _claims(
    submission: uuid.UUID, kind: ReceiptKind, identity: uuid.UUID, facts: Mapping[str, Any]
) -> dict[str, Any]:
    before = facts["last_jws"]
    claims: dict[str, Any] = {
        "iss": facts["issuer"] or "vipmg",
        "sub": facts["organisation"],
        "jti": str(identity),
        "iat": int(facts["issued_at"].timestamp()),
        "number": facts["last_number"] + 1,
        "previous_receipt": before and hashlib.sha256(before.encode()).hexdigest(),
        "kind": kind,
        "submission": str(submission),
        "submission_kind": facts["sent"],
        "state": facts["state"],
        "file_name": facts["file_name"],
        "content_type": facts["content_type"],
        "content_encoding": facts["content_encoding"],
        "sha256": facts["sha256"],
        "bytes": facts["byte_count"],
    }
    if facts["parent_id"] is not None:
        claims["parent"] = str(facts["parent_id"])
    if facts["corrections"] is not None:
        claims["corrections_sha256"] = digest(facts["corrections"])
    if facts["validate_only"]:
        claims["validate_only"] = True
    if kind == "decision":
        claims |= _decision(facts)
    if facts["is_practice"]:
        claims["practice"] = True
    return claims


def _decision(facts: Mapping[str, Any]) -> dict[str, Any]:
    decided: dict[str, Any] = {
        "agreements": list(facts["agreements"]),
        "rows": facts["row_count"],
        "findings": {"errors": facts["errors"], "warnings": facts["warnings"]},
        "changes": facts["changes"],
    }
    if facts["release_at"] is not None:
        decided["release_at"] = facts["release_at"].isoformat()
    if facts["sequence"] is not None:
        decided |= {"sequence": facts["sequence"], "ledger_hash": facts["ledger_hash"]}
    if facts["public_sequence"] is not None:
        decided |= {
            "public_sequence": facts["public_sequence"],
            "public_hash": facts["public_hash"],
        }
    return decided

"""Verifying what somebody has kept of the service: receipts, ledgers, heads, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from app.auth.evidence import (
    BrokenLinkError,
    CheckedLedger,
    CheckedReceipt,
    Statement,
    check_chain,
    check_head,
    check_in_ledger,
    check_ledger,
    check_receipt,
    check_statement,
    compare_ledgers,
    compare_with_public,
)
from app.auth.receipt_keys import HEAD_TYPE

_NAMED: Final = {"all": "sequence", "public": "public_sequence"}
"""The claim of a receipt that names its line, by ledger."""

OpenLines: TypeAlias = Callable[[], AbstractContextManager[Iterable[bytes]]]


@dataclass(slots=True)
class Evidence:
    """What was kept.

    Attributes:
        keys: public keys by `kid`.
        ledgers: by the name of their file, how their lines are read.
        statements: receipts and heads that stand alone.
        chains: those that stand together in a file, which has to have all of them.
        files: SHA-256 of the original files, by name: any of several will do.
    """

    keys: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    ledgers: dict[str, OpenLines] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    chains: list[list[Statement]] = field(default_factory=list)
    files: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to verify."""
        return not (self.ledgers or self.statements or self.chains or self.files)


@dataclass(slots=True)
class Verified:
    """What was found.

    Attributes:
        receipts: lowest and highest number, and how many, by organisation.
        practice: how many receipts are of the practice space, and so say nothing.
        ledgers: number of lines by ledger.
        heads: how many signed heads the ledgers agree with.
        elsewhere: receipts with another issuer than the ledger, whose lines are not in it.
        unseen: receipts that name lines of ledgers that are not here.
        files: which receipts have the file, by name.
        broken: the first link that does not hold.
    """

    receipts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    practice: int = 0
    ledgers: dict[str, int] = field(default_factory=dict)
    heads: int = 0
    elsewhere: int = 0
    unseen: int = 0
    files: dict[str, list[str]] = field(default_factory=dict)
    broken: BrokenLinkError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every receipt was looked up in the ledger that it names."""
        return not (self.elsewhere or self.unseen)


def verify_evidence(evidence: Evidence) -> Verified:
    """Check everything against everything, up to the first link that does not hold."""
    verified = Verified()
    try:
        _Checking(evidence, verified).run()
    except BrokenLinkError as broken:
        verified.broken = broken
    return verified


class _Checking:
    """The steps of the check, each on what the ones before have found to hold."""

    def __init__(self, evidence: Evidence, verified: Verified) -> None:
        self.evidence = evidence
        self.verified = verified
        self.ledgers: dict[str, CheckedLedger] = {}
        self.issuers: dict[str, str] = {}
        self.receipts: list[CheckedReceipt] = []

    def run(self) -> None:
        self._check_ledgers()
        for listed in self.evidence.chains:
            self._check_chains(self._check_statements(listed, once=True), whole=True)
        self._check_statements(self.evidence.statements, once=False)
        self._check_chains(_distinct(self.receipts), whole=False)
        for receipt in self.receipts:
            self._check_in_ledgers(receipt)
        self._check_files()

    def _check_ledgers(self) -> None:
        for source, opened in self.evidence.ledgers.items():
            with opened() as lines:
                ledger = check_ledger(source, lines)
            if not ledger.name:  # cut off at its beginning: only the file still tells which it is
                ledger.name = "public" if "public" in source else "all"
            known = self.ledgers.get(ledger.name)
            if known is not None:
                compare_ledgers(known, ledger)
            if known is None or len(ledger.hashes) > len(known.hashes):
                self.ledgers[ledger.name] = ledger
        if "all" in self.ledgers and "public" in self.ledgers:
            compare_with_public(self.ledgers["all"], self.ledgers["public"])
        self.verified.ledgers = {name: len(one.hashes) for name, one in self.ledgers.items()}

    def _check_statements(
        self, statements: Sequence[Statement], *, once: bool
    ) -> list[CheckedReceipt]:
        found: list[CheckedReceipt] = []
        seen: set[str] = set()
        for statement in statements:
            kind, claims = check_statement(statement, self.evidence.keys)
            if kind == HEAD_TYPE:
                self._check_head(statement, claims)
                continue
            if once and statement.text in seen:
                number = claims.get("number")
                raise BrokenLinkError(statement.place, "number", None, number)
            seen.add(statement.text)
            found.append(check_receipt(statement, kind, claims))
        self.receipts += found
        return found

    def _check_head(self, statement: Statement, claims: Mapping[str, Any]) -> None:
        name = str(claims.get("ledger"))
        if name in self.ledgers:
            check_head(statement, claims, self.ledgers[name])
            self.issuers[name] = str(claims.get("iss"))
            self.verified.heads += 1

    def _check_chains(self, receipts: Iterable[CheckedReceipt], *, whole: bool) -> None:
        chains: dict[tuple[str, bool], list[CheckedReceipt]] = {}
        for receipt in receipts:
            chains.setdefault((receipt.claims["sub"], receipt.is_practice), []).append(receipt)
        for (organisation, is_practice), chain in sorted(chains.items()):
            check_chain(chain, whole=whole)
            numbers = [int(receipt.claims["number"]) for receipt in chain]
            if not is_practice:
                told = (min(numbers), max(numbers), len(numbers))
                self.verified.receipts[organisation] = told

    def _check_in_ledgers(self, receipt: CheckedReceipt) -> None:
        if receipt.is_practice:
            self.verified.practice += 1
            return
        named = {name for name, claim in _NAMED.items() if receipt.claims.get(claim) is not None}
        issuer = receipt.claims["iss"]
        others = 0
        for name in sorted(named & self.ledgers.keys()):
            try:
                check_in_ledger(receipt, self.ledgers[name])
            except BrokenLinkError:
                # A service may have moved, so another issuer alone tells nothing.
                if self.issuers.get(name, issuer) == issuer:
                    raise
                others += 1
        self.verified.elsewhere += others > 0
        self.verified.unseen += bool(named) and not named & self.ledgers.keys()

    def _check_files(self) -> None:
        for name, digests in self.evidence.files.items():
            having = [each for each in self.receipts if each.claims["sha256"] in digests]
            if not having:
                raise BrokenLinkError(("file", name, 0), "sha256", None, min(digests))
            self.verified.files[name] = [
                f"{receipt.claims['sub']} {receipt.claims['number']} ({receipt.claims['kind']})"
                for receipt in having
            ]


def _distinct(receipts: Iterable[CheckedReceipt]) -> list[CheckedReceipt]:
    """Those that were kept in several files, once."""
    return list({receipt.statement.text: receipt for receipt in receipts}.values())

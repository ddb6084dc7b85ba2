"""Verifying offline: whatever was changed in what was kept is found, and named where it is."""

from __future__ import annotations

import base64
import copy
import hashlib
import random
from collections.abc import Callable

import orjson
import pytest

from app.auth.evidence import Statement
from app.auth.receipt_keys import PRACTICE_TYPE, RECEIPT_TYPE, new_key, read_statement, sign
from app.cli.verify import lines
from app.services.verify_evidence import Evidence, verify_evidence
from app.store.ledger_lines import canonical, line_hash
from tests.trust.evidence import CONTENT, Kept, make, reader, statements

CASES = 1000
PARTS = ("ledger", "public", "receipts")


@pytest.fixture(scope="module")
def whole() -> Kept:
    return make(40)


def test_what_was_not_changed_holds(whole: Kept) -> None:
    found = whole.verify()
    assert found.broken is None
    assert found.receipts == {"CRI_DGME": (1, 40, 40)}
    assert found.ledgers == {"all": 40, "public": 27}
    assert found.heads == 2


def flip(lines: list[bytes], place: random.Random) -> None:
    number = place.randrange(len(lines))
    line = bytearray(lines[number])
    line[place.randrange(len(line))] ^= 1 << place.randrange(8)
    lines[number] = bytes(line)


def replace(lines: list[bytes], place: random.Random) -> None:
    number = place.randrange(len(lines))
    line = bytearray(lines[number])
    at = place.randrange(len(line))
    line[at] = place.choice([byte for byte in range(256) if byte != line[at]])
    lines[number] = bytes(line)


def delete(lines: list[bytes], place: random.Random) -> None:
    del lines[place.randrange(len(lines) - 1)]  # the end is another matter


def reorder(lines: list[bytes], place: random.Random) -> None:
    one, other = place.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]


def insert(lines: list[bytes], place: random.Random) -> None:
    lines.insert(place.randrange(len(lines) + 1), place.choice(lines))


def cut_in_a_line(lines: list[bytes], place: random.Random) -> None:
    number = place.randrange(len(lines))
    lines[number] = lines[number][: place.randrange(1, len(lines[number]) - 1)]
    del lines[number + 1 :]


PLANTED = [flip, replace, delete, reorder, insert, cut_in_a_line]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_t72_whatever_is_planted_in_a_thousand_places_is_found(
    whole: Kept, plant: Callable[[list[bytes], random.Random], None]
) -> None:
    missed = []
    for seed in range(CASES):
        place = random.Random(seed)
        part = place.choice(PARTS)
        changed = copy.copy(whole)
        lines = list(getattr(whole, part))
        plant(lines, place)
        setattr(changed, part, lines)
        if part == "receipts" and plant is reorder:
            continue  # receipts are numbered: in which order they stand in a file says nothing
        if changed.broken() is None:
            missed.append((seed, part))
    assert missed == []


def test_the_broken_link_is_named_where_it_is(whole: Kept) -> None:
    """A value that was changed together with the hash of its own line breaks the next one."""
    line = orjson.loads(whole.public[6])
    line["action"] = "release"
    line["hash"] = line_hash(line)
    changed = copy.copy(whole)
    changed.public = [*whole.public[:6], canonical(line) + b"\n", *whole.public[7:]]
    assert changed.broken() == ("line", "public.jsonl", 8, "previous_hash")


def test_a_ledger_that_was_forged_to_its_end_contradicts_receipts_and_heads(whole: Kept) -> None:
    other = make(40)
    changed = copy.copy(whole)
    changed.ledger, changed.public = other.ledger, other.public
    assert changed.broken() == ("line", "heads.jws", 1, "hash")
    changed.heads = []
    assert changed.broken() == ("receipt", "CRI_DGME", 2, "ledger_hash")


@pytest.mark.parametrize("kept", [0, 1, 20, 38])
def test_a_ledger_cut_at_a_line_is_found_by_a_receipt_or_a_head(whole: Kept, kept: int) -> None:
    changed = copy.copy(whole)
    changed.ledger = whole.ledger[:kept]
    assert changed.broken() == ("line", "heads.jws", 1, "sequence")
    changed.heads = []
    found = changed.broken()
    assert found is not None
    assert (found[0], found[3]) == ("receipt", "sequence")


def test_a_cut_end_that_no_receipt_and_no_head_speaks_of_is_not_found(whole: Kept) -> None:
    """Nobody can find this without a newer witness, and the documents say so."""
    changed = copy.copy(whole)
    changed.ledger, changed.heads = whole.ledger[:39], []
    assert changed.broken() is None
    changed.receipts = whole.receipts[:-1]
    assert changed.broken() is None


def test_two_copies_of_a_ledger_must_agree(whole: Kept) -> None:
    other = make(30)
    evidence = Evidence(ledgers={"old": reader(other.ledger), "new": reader(whole.ledger)})
    broken = verify_evidence(evidence).broken
    assert broken is not None
    assert (broken.place, broken.field) == (("line", "new", 1), "hash")
    evidence = Evidence(ledgers={"old": reader(whole.public[:9]), "new": reader(whole.public)})
    assert verify_evidence(evidence).broken is None


def signed(
    kept: Kept, place: int, /, *, header: str = RECEIPT_TYPE, **changes: object
) -> list[bytes]:
    """The receipts with one signed anew by the same key, its claims changed."""
    _, claims = read_statement(kept.receipts[place - 1].decode().strip())
    text = sign({**claims, **changes}, orjson.dumps(kept.key).decode(), header)
    return [*kept.receipts[: place - 1], text.encode() + b"\n", *kept.receipts[place:]]


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        (2, {"state": "rejected"}, ("receipt", "CRI_DGME", 3, "previous_receipt")),
        (40, {"sha256": "0" * 64}, ("receipt", "CRI_DGME", 40, "sha256")),
        (40, {"sequence": 38}, ("receipt", "CRI_DGME", 40, "ledger_hash")),
        (40, {"sequence": 99}, ("receipt", "CRI_DGME", 40, "sequence")),
        (40, {"ledger_hash": "0" * 64}, ("receipt", "CRI_DGME", 40, "ledger_hash")),
        (38, {"number": 37}, ("receipt", "CRI_DGME", 37, "number")),
        (40, {"number": True}, ("line", "receipts.jws", 40, "number")),
        (40, {"number": 0}, ("line", "receipts.jws", 40, "number")),
        (40, {"sub": None}, ("line", "receipts.jws", 40, "sub")),
        (40, {"previous_receipt": None}, ("receipt", "CRI_DGME", 40, "previous_receipt")),
        (40, {"previous_receipt": "0" * 64}, ("receipt", "CRI_DGME", 40, "previous_receipt")),
        (40, {"practice": True}, ("line", "receipts.jws", 40, "practice")),
    ],
)
def test_a_receipt_that_contradicts_the_others_is_found_though_it_is_signed(
    whole: Kept, number: int, changes: dict[str, object], expected: tuple[object, ...]
) -> None:
    changed = copy.copy(whole)
    changed.receipts = signed(whole, number, **changes)
    assert changed.broken() == expected


def test_a_receipt_of_practice_is_never_taken_for_a_real_one(whole: Kept) -> None:
    changed = copy.copy(whole)
    changed.receipts = signed(whole, 40, header=PRACTICE_TYPE)
    assert changed.broken() == ("line", "receipts.jws", 40, "practice")
    text = signed(whole, 1, header=PRACTICE_TYPE, practice=True)[0]
    evidence = Evidence(keys={whole.key["kid"]: whole.key}, statements=statements("practice", text))
    found = verify_evidence(evidence)
    assert (found.broken, found.practice, found.receipts) == (None, 1, {})


def test_single_receipts_need_not_be_neighbours(whole: Kept) -> None:
    evidence = Evidence(keys={whole.key["kid"]: whole.key}, ledgers={"l": reader(whole.ledger)})
    for number in (3, 4, 17, 40):
        evidence.statements.append(
            Statement(f"{number}.jws", 1, whole.receipts[number - 1].decode().strip())
        )
    found = verify_evidence(evidence)
    assert found.broken is None
    assert found.receipts == {"CRI_DGME": (3, 40, 4)}


def test_keys_that_are_not_known_or_did_not_sign_then(whole: Kept) -> None:
    body = b"".join(whole.receipts)
    for keys, name in (
        ({}, "kid"),
        ({whole.key["kid"]: new_key()}, "signature"),
        ({whole.key["kid"]: {**whole.key, "nbf": 1_795_000_000}}, "iat"),
        ({whole.key["kid"]: {**whole.key, "exp": 1_780_000_000}}, "iat"),
        ({whole.key["kid"]: {**whole.key, "kty": "oct", "k": "AAAA"}}, "signature"),
    ):
        evidence = Evidence(keys=keys, chains=[statements("receipts.jws", body)])
        broken = verify_evidence(evidence).broken
        assert broken is not None
        assert (broken.place, broken.field) == (("line", "receipts.jws", 1), name)


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256", "typ": "JWT"}, {}]
)
def test_t01_forged_headers_are_refused(whole: Kept, header: dict[str, str]) -> None:
    def encode(value: object) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    _, payload, signature = whole.receipts[0].decode().strip().split(".")
    told = {"typ": RECEIPT_TYPE, "kid": whole.key["kid"], **header}
    for end in (signature, ""):
        statement = Statement("forged", 1, f"{encode(told)}.{payload}.{end}")
        evidence = Evidence(keys={whole.key["kid"]: whole.key}, statements=[statement])
        assert verify_evidence(evidence).broken is not None


def test_a_file_is_that_of_a_receipt_or_of_none(whole: Kept) -> None:
    keys = {whole.key["kid"]: whole.key}
    chain = [statements("receipts.jws", b"".join(whole.receipts))]
    other = hashlib.sha256(b"other").hexdigest()
    good = Evidence(keys, chains=chain, files={"a.csv": frozenset({other, CONTENT})})
    assert len(verify_evidence(good).files["a.csv"]) == 40
    bad = Evidence(keys, chains=chain, files={"b.csv": frozenset({other})})
    broken = verify_evidence(bad).broken
    assert broken is not None
    assert broken.place == ("file", "b.csv", 0)


def test_receipts_of_another_service_are_not_looked_up_in_this_ledger(whole: Kept) -> None:
    """What was taken from one service to another keeps its receipts."""
    here = make(10)
    keys = {kept.key["kid"]: kept.key for kept in (whole, here)}
    moved = signed(whole, 2, iss="https://elsewhere.example")[1]
    evidence = Evidence(
        keys,
        ledgers={"l": reader(here.ledger)},
        statements=[
            *statements("heads", here.heads[0]),
            *statements("moved", moved),
        ],
    )
    found = verify_evidence(evidence)
    assert (found.broken, found.elsewhere) == (None, 1)
    assert not found.is_complete
    assert "All holds." not in lines(found)

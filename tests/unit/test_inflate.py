"""Compressed bodies: whole, cut off, in several members, and made to burst."""

from __future__ import annotations

import gzip
import io
import os
import random

import pytest

from app.errors import MessageError, TooLargeError
from app.sdmx.messages.inflate import Inflated, Rewound

LIMIT = 64 << 20
TEXT = "".join(f"row {n} {n * n}\n" for n in range(20_000)).encode()


def inflate(body: bytes, limit: int = LIMIT) -> bytes:
    return io.BufferedReader(Inflated(io.BytesIO(body), limit), 1 << 16).read()


def test_one_member() -> None:
    assert inflate(gzip.compress(TEXT)) == TEXT


def test_several_members_are_one_text() -> None:
    parts = [TEXT[start : start + 1000] for start in range(0, len(TEXT), 1000)]
    assert inflate(b"".join(gzip.compress(part) for part in parts)) == TEXT


def test_empty_member_among_others() -> None:
    assert inflate(gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b")) == b"ab"


def test_read_in_small_pieces() -> None:
    stream = Inflated(io.BytesIO(gzip.compress(TEXT)), LIMIT)
    found = bytearray()
    while piece := stream.read(random.Random(len(found)).randrange(1, 50)):
        found += piece
    assert found == TEXT


@pytest.mark.parametrize("missing", [1, 4, 8, 9, 100])
def test_cut_off(missing: int) -> None:
    with pytest.raises(MessageError, match="cut off"):
        inflate(gzip.compress(TEXT)[:-missing])


def test_cut_off_in_the_second_member() -> None:
    with pytest.raises(MessageError, match="cut off"):
        inflate(gzip.compress(b"a") + gzip.compress(TEXT)[:30])


@pytest.mark.parametrize(
    "body", [b"STRUCTURE,STRUCTURE_ID\n", b"\x1f\x8c" + b"x" * 40, b"PK\x03\x04" * 9]
)
def test_not_gzip(body: bytes) -> None:
    with pytest.raises(MessageError, match="is not"):
        inflate(body)


def test_empty_body_is_cut_off() -> None:
    with pytest.raises(MessageError):
        inflate(b"")


def test_rubbish_after_the_end() -> None:
    with pytest.raises(MessageError):
        inflate(gzip.compress(TEXT) + b"rubbish")


def test_wrong_checksum() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1
    with pytest.raises(MessageError):
        inflate(bytes(body))


def test_t41_bomb_stops_early() -> None:
    body = gzip.compress(b"0" * (300 << 20), 9)
    source = io.BytesIO(body)
    stream = Inflated(source, 1 << 30)
    made = 0
    with pytest.raises(TooLargeError):
        while piece := stream.read(1 << 16):
            made += len(piece)
    assert made < 40 << 20


def test_t41_bomb_of_many_members() -> None:
    with pytest.raises(TooLargeError):
        inflate(gzip.compress(b"0" * (1 << 20)) * 200, 10 << 20)


def test_limit_is_exact() -> None:
    body = os.urandom(5000)
    assert inflate(gzip.compress(body), 5000) == body
    with pytest.raises(TooLargeError) as caught:
        inflate(gzip.compress(body), 4999)
    assert caught.value.detail["limit"] == 4999


def test_rewound_leaves_its_source_open() -> None:
    source = io.BytesIO(TEXT)
    with io.BufferedReader(Rewound(source)) as reader:
        assert reader.read() == TEXT
    assert not source.closed

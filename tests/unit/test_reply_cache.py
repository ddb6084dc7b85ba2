"""What the cache of replies keeps, and what it lets go."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.http import replies
from app.http.replies import ReplyCache
from app.settings import Settings

BODY = bytes(1000)


def cache(folder: Path, **changes: int) -> ReplyCache:
    return ReplyCache(Settings(data_dir=folder, **changes))


def kept(replies: ReplyCache, keys: range) -> list[int]:
    return [key for key in keys if replies.get(str(key)) is not None]


async def test_small_replies_leave_memory_long_before_the_cache_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "MEMORY_TOGETHER", 3500)
    small = cache(tmp_path)
    for key in range(10):
        small.keep(str(key), BODY, "identity")
    assert kept(small, range(10)) == [7, 8, 9]


async def test_replies_in_files_are_bounded_by_the_cache_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "MEMORY_TOGETHER", 3500)
    large = cache(tmp_path, spool_memory_bytes=10, cache_bytes=6500)
    for key in range(10):
        large.keep(str(key), BODY, "identity")
    assert kept(large, range(10)) == [4, 5, 6, 7, 8, 9]


async def test_a_reply_kept_again_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "MEMORY_TOGETHER", 3500)
    small = cache(tmp_path)
    for key in (0, 1, 2, 2, 2, 2):
        small.keep(str(key), BODY, "identity")
    assert kept(small, range(3)) == [0, 1, 2]

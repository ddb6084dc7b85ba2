"""The cache of verification keys: fresh enough, restrained, and patient with outages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from joserfc.jwk import ECKey, Key

from app.auth.issuer_keys import IssuerKeys, metadata_urls
from app.auth.keys import KeyCache
from app.errors import ConfigurationError, UnavailableError

MINUTE = 60
HOUR = 60 * MINUTE


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Cache(KeyCache):
    """A cache of keys that this test gives it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.kids = ["first"]
        self.down = False
        self.fetches = 0

    async def _fetch(self) -> Mapping[str, Key]:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.down:
            raise UnavailableError("down", "caído")
        return {kid: ECKey.generate_key("P-256", {"kid": kid}) for kid in self.kids}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return Cache(clock)


async def test_many_at_once_fetch_once(cache: Cache) -> None:
    found = await asyncio.gather(*(cache.find("first") for _ in range(20)))
    assert all(key is not None and key.kid == "first" for key in found)
    assert cache.fetches == 1


async def test_t04_ten_thousand_random_kids_in_a_minute_cause_three_fetches(
    cache: Cache, clock: Clock
) -> None:
    for number in range(10_000):
        clock.now = 1000 + number * MINUTE / 10_000
        assert await cache.find(f"random-{number}") is None
    assert cache.fetches <= 3


async def test_t04_a_new_key_is_found_after_half_a_minute(cache: Cache, clock: Clock) -> None:
    assert await cache.find("first") is not None
    cache.kids = ["first", "second"]
    clock.now += 31
    assert await cache.find("second") is not None
    assert cache.fetches == 2


async def test_keys_are_fetched_again_after_twenty_minutes(cache: Cache, clock: Clock) -> None:
    assert await cache.find("first") is not None
    cache.kids = ["second"]
    clock.now += 19 * MINUTE
    assert await cache.find("first") is not None
    clock.now += 2 * MINUTE
    assert await cache.find("first") is None


async def test_t04_the_last_good_keys_serve_for_a_day_of_outage(cache: Cache, clock: Clock) -> None:
    assert await cache.find("first") is not None
    cache.down = True
    clock.now += 23 * HOUR
    assert await cache.find("first") is not None
    clock.now += 2 * HOUR
    with pytest.raises(UnavailableError):
        await cache.find("first")
    cache.down = False
    clock.now += 31
    assert await cache.find("first") is not None


async def test_an_issuer_that_is_down_is_asked_every_half_minute_only(
    cache: Cache, clock: Clock
) -> None:
    assert await cache.find("first") is not None
    cache.down = True
    for second in range(60):
        clock.now = 1000 + HOUR + second
        assert await cache.find("first") is not None
    assert cache.fetches == 1 + 2


async def test_at_a_start_before_the_issuer_is_up_keys_are_found_soon(
    cache: Cache, clock: Clock
) -> None:
    cache.down = True
    for _ in range(100):
        with pytest.raises(UnavailableError):
            await cache.find("first")
    assert cache.fetches == 1
    cache.down = False
    clock.now += 4
    assert await cache.find("first") is not None


@pytest.mark.parametrize("kid", [None, 7, "", "k" * 129, ["first"], {}])
async def test_what_cannot_be_a_kid_is_not_even_looked_up(cache: Cache, kid: object) -> None:
    assert await cache.find(kid) is None
    assert cache.fetches == 0


def test_metadata_stand_where_the_two_standards_put_them() -> None:
    assert metadata_urls("https://id.example.org/realms/vipmg/") == (
        "https://id.example.org/realms/vipmg/.well-known/openid-configuration",
        "https://id.example.org/.well-known/oauth-authorization-server/realms/vipmg",
    )


@pytest.mark.parametrize("issuer", ["http://id.example.org", "ftp://127.0.0.1", "https://", "x"])
def test_an_issuer_that_is_not_reached_safely_is_a_wrong_setting(issuer: str) -> None:
    with pytest.raises(ConfigurationError):
        IssuerKeys(issuer)

"""One point of presence, at times that the test chooses."""

from __future__ import annotations

import pytest

from mtasts.localcloud.distribution import CACHE_POLICIES, CachePolicy, Distribution, Invalidation
from mtasts.localcloud.distribution import OriginAnswer as Answer
from mtasts.localcloud.edge_cache import PointOfPresence, lifetime_seconds

OPTIMIZED = CACHE_POLICIES["658327ea-f89d-4fab-a63d-7e88639e58f6"]
DISABLED = CACHE_POLICIES["4135ea2d-6df8-44a3-9df3-4b5a84be39ad"]
HOST = Distribution("E1", "arn", "d1.cloudfront.net", "bucket.s3.us-east-1.amazonaws.com")
PATH = "/.well-known/mta-sts.txt"


@pytest.mark.parametrize(
    ("policy", "cache_control", "seconds"),
    [
        (OPTIMIZED, "max-age=60", 60),
        (OPTIMIZED, "public, Max-Age=60", 60),
        (OPTIMIZED, "max-age=60, s-maxage=5", 5),
        (OPTIMIZED, "", 86400),
        (OPTIMIZED, "max-age=0", 1),
        (OPTIMIZED, "no-store", 1),
        (OPTIMIZED, "max-age=9999999999", 31536000),
        (DISABLED, "max-age=60", 0),
        (CachePolicy(0, 10, 100), "private, max-age=60", 0),
    ],
)
def test_max_age_counts_within_the_bounds_of_the_cache_policy(
    policy: CachePolicy, cache_control: str, seconds: int
) -> None:
    assert lifetime_seconds(policy, cache_control) == seconds


def good(body: bytes = b"old") -> Answer:
    return Answer(200, (("cache-control", "max-age=60"),), body)


def serve(point: PointOfPresence, now: float, answer: Answer) -> tuple[bytes, str]:
    served = point.serve(now, HOST, PATH, lambda: answer)
    return served.answer.body, served.cache.split()[0]


def test_a_copy_is_served_until_it_is_stale() -> None:
    point = PointOfPresence("P", 0)
    assert serve(point, 0, good()) == (b"old", "Miss")
    assert serve(point, 59.9, good(b"new")) == (b"old", "Hit")
    assert serve(point, 60, good(b"new")) == (b"new", "Miss")
    assert serve(point, 120, good(b"new")) == (b"new", "RefreshHit")


def test_while_the_origin_fails_the_stale_copy_is_served() -> None:
    point = PointOfPresence("P", 0)
    serve(point, 0, good())
    assert serve(point, 61, Answer(503)) == (b"old", "Hit")
    assert serve(point, 70, good(b"new")) == (b"old", "Hit")  # not asked again so soon
    assert serve(point, 71, good(b"new")) == (b"new", "Miss")


def test_an_error_without_a_copy_is_kept_for_ten_seconds() -> None:
    point = PointOfPresence("P", 0)
    assert serve(point, 0, Answer(403, body=b"no")) == (b"no", "Error")
    assert serve(point, 9, good()) == (b"no", "Error")
    assert serve(point, 10, good()) == (b"old", "Miss")


def test_an_invalidation_takes_effect_after_the_lag_and_once() -> None:
    point = PointOfPresence("P", 5)
    point.observe(0, {"E1": HOST}, [])
    serve(point, 0, good())
    purge = Invalidation("I1", "E1", ("/.well-known/*",))
    point.observe(1, {"E1": HOST}, [purge])
    assert not point.has_applied(purge)
    assert serve(point, 5, good(b"new")) == (b"old", "Hit")
    point.observe(6, {"E1": HOST}, [purge])
    assert point.has_applied(purge)
    # What a request that was under way stores after the purge stays: the reason for the wait.
    assert serve(point, 6, good(b"new")) == (b"new", "Miss")
    point.observe(7, {"E1": HOST}, [purge])
    assert serve(point, 7, good(b"newer")) == (b"new", "Hit")


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [(PATH, PATH, True), ("/*", PATH, True), ("/other", PATH, False), (PATH, PATH + "x", False)],
)
def test_an_invalidation_covers_paths(pattern: str, path: str, covered: bool) -> None:
    assert Invalidation("I", "E1", (pattern,)).covers(path) == covered


def test_configuration_arrives_after_the_lag_and_its_removal_empties_the_cache() -> None:
    point = PointOfPresence("P", 2)
    point.observe(0, {"E1": HOST}, [])
    assert not point.has(HOST)
    point.observe(2, {"E1": HOST}, [])
    assert point.has(HOST)
    serve(point, 2, good())
    point.observe(3, {}, [])
    assert point.has(HOST)
    point.observe(5, {}, [])
    assert not point.has(HOST)
    assert point.contents() == []


def test_a_client_cannot_fill_memory() -> None:
    point = PointOfPresence("P", 0)
    for number in range(2000):
        point.serve(0, HOST, f"/{number}", good)
    assert len(point.contents()) == 1024

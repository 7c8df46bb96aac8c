"""The clock is the machine's, and only a local cloud sets it ahead."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.clock import clock, utc_now
from mtasts.errors import UsageError

LOCAL = {
    "MTASTS_LOCAL_CLOUD": "/somewhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
    "CLOUDFLARE_BASE_URL": "http://127.0.0.1:5001/client/v4",
}


def test_it_is_the_machines_own() -> None:
    assert clock({}) is utc_now
    assert utc_now().tzinfo is dt.UTC


def test_a_local_cloud_may_set_it_ahead() -> None:
    now = clock(LOCAL | {"MTASTS_CLOCK_AHEAD": "86400"})()
    assert dt.timedelta(hours=23) < now - utc_now() <= dt.timedelta(days=1)


@pytest.mark.parametrize(
    "change",
    [
        {"MTASTS_LOCAL_CLOUD": ""},
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL": "https://s3.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": "http://192.0.2.1:80"},
        {"AWS_ENDPOINT_URL": "http://localhost"},
        {"AWS_ENDPOINT_URL_S3": "https://s3.us-east-1.amazonaws.com"},
        {"CLOUDFLARE_BASE_URL": ""},
        {"CLOUDFLARE_BASE_URL": "https://api.cloudflare.com/client/v4"},
    ],
)
def test_nobody_else_does(change: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"for a local cloud only.*unset MTASTS_CLOCK_AHEAD"):
        clock(LOCAL | {"MTASTS_CLOCK_AHEAD": "86400"} | change)


@pytest.mark.parametrize("text", ["-1", "1.5", "soon", "9999999999", "\u0661"])
def test_it_is_a_number_of_seconds(text: str) -> None:
    with pytest.raises(UsageError, match="a whole number of seconds"):
        clock(LOCAL | {"MTASTS_CLOCK_AHEAD": text})

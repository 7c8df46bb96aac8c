"""The clock is the machine's, and only a local cloud sets it ahead."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.clock import clock, utc_now
from mtasts.errors import UsageError

LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}


def test_it_is_the_machines_own() -> None:
    assert clock({}) is utc_now
    assert utc_now().tzinfo is dt.UTC


def test_a_local_cloud_may_set_it_ahead() -> None:
    now = clock(LOCAL | {"MTASTS_CLOCK_AHEAD": "86400"})()
    assert dt.timedelta(hours=23) < now - utc_now() <= dt.timedelta(days=1)


@pytest.mark.parametrize(
    "endpoint",
    ["", "https://s3.us-east-1.amazonaws.com", "http://192.0.2.1:80", "http://localhost"],
)
def test_nobody_else_does(endpoint: str) -> None:
    with pytest.raises(UsageError, match="for a local cloud only: unset it"):
        clock({"AWS_ENDPOINT_URL": endpoint, "MTASTS_CLOCK_AHEAD": "86400"})


@pytest.mark.parametrize("text", ["-1", "1.5", "soon", "9999999999", "\u0661"])
def test_it_is_a_number_of_seconds(text: str) -> None:
    with pytest.raises(UsageError, match="a whole number of seconds"):
        clock(LOCAL | {"MTASTS_CLOCK_AHEAD": text})

"""The Worker's name and source, from the policy alone; `test_workerd` runs it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.render.worker import worker_name, worker_source

BODY = b"version: STSv1\r\nmode: testing\r\nmx: mx.example.gov\r\nmax_age: 86400\r\n"
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=2, max_size=8).map(".".join)


def test_the_name_says_whose_policy_it_is() -> None:
    assert re.fullmatch(r"mta-sts-example-gov-[0-9a-f]{8}", worker_name("example.gov"))


def test_no_two_domains_share_a_name() -> None:
    close = ("a-b.example", "a.b.example", "a.b-example", "a--b.example")
    assert len({worker_name(each) for each in close}) == len(close)


@given(DOMAINS)
def test_every_name_is_one_that_cloudflare_takes(domain: str) -> None:
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", worker_name(domain))


@pytest.mark.parametrize("needle", ["max-age=60", "Strict-Transport-Security", "mx.example.gov"])
def test_the_source_has_body_and_headers(needle: str) -> None:
    assert needle in worker_source("example.gov", BODY, 60)


def test_a_body_cannot_leave_its_string() -> None:
    source = worker_source("example.gov", b'"; throw 1; "\\\r\n\xe2\x80\xa8', 60)
    assert r'encode("\"; throw 1; \"\\\r\n\u2028")' in source

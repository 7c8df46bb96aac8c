"""Only the exact bytes, in a way that every sender accepts, count as served (RFC 8461 3.3)."""

from __future__ import annotations

import pytest

from mtasts.names import MxPattern
from mtasts.observations import Fetch, FetchOutcome
from mtasts.policy import Mode, Policy
from mtasts.rollout.served import Verdict, judge, summary

BODY = Policy(Mode.TESTING, 604800, (MxPattern("a.example.gov"),)).render()
TEXT = (("content-type", "text/plain"),)


def fetched(**changes: object) -> Fetch:
    values = {
        "host": "mta-sts.example.gov",
        "address": "192.0.2.1",
        "outcome": FetchOutcome.ANSWERED,
        "status": 200,
        "headers": TEXT,
        "body": BODY,
    }
    return Fetch(**(values | changes))  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain; charset=utf-8", "Text/Plain ;x=y"]
)
def test_the_exact_bytes_as_plain_text_are_served(content_type: str) -> None:
    plain = ("content-encoding", "identity")
    judged = judge(fetched(headers=(("content-type", content_type), plain)), BODY)
    assert (judged.verdict, judged.reason) == (Verdict.SERVED, "")


@pytest.mark.parametrize(
    ("fetch", "reason"),
    [
        pytest.param(fetched(status=302), "status 302", id="redirect"),
        pytest.param(fetched(status=404, body=b""), "status 404", id="missing"),
        pytest.param(fetched(headers=()), "media type none", id="no-media-type"),
        pytest.param(
            fetched(headers=(("content-type", "text/html"),)), "media type text/html", id="html"
        ),
        pytest.param(
            fetched(headers=(*TEXT, *TEXT)), "media type text/plain, text/plain", id="two-types"
        ),
        pytest.param(
            fetched(headers=(*TEXT, ("content-encoding", "gzip"))),
            "an encoded body (gzip)",
            id="encoded",
        ),
        pytest.param(
            fetched(body=Policy(Mode.NONE, 86400).render()),
            "another body (mode none, mx none, max_age 86400)",
            id="old-body",
        ),
        pytest.param(
            fetched(body=b"nonsense"), "another body (8 bytes that are no policy)", id="no-policy"
        ),
        pytest.param(
            fetched(
                body=Policy(
                    Mode.ENFORCE, 1, tuple(MxPattern(f"mx{n}.example.gov") for n in range(5))
                ).render()
            ),
            "another body (mode enforce, mx mx0.example.gov, mx1.example.gov, mx2.example.gov "
            "and 2 more, max_age 1)",
            id="many-hosts",
        ),
        pytest.param(
            fetched(outcome=FetchOutcome.TIMED_OUT, reason="10 s"), "timed-out: 10 s", id="slow"
        ),
        pytest.param(fetched(outcome=FetchOutcome.TLS_FAILED), "tls-failed", id="no-word"),
    ],
)
def test_anything_else_is_not_served(fetch: Fetch, reason: str) -> None:
    judged = judge(fetch, BODY)
    assert (judged.verdict, judged.reason) == (Verdict.NOT_SERVED, reason)


def test_a_family_without_a_route_is_unseen_and_neither_good_nor_bad() -> None:
    assert judge(fetched(outcome=FetchOutcome.NO_ROUTE), BODY).verdict is Verdict.UNSEEN


def test_a_summary_counts_each_reason_with_its_addresses() -> None:
    judged = [
        judge(fetched(), BODY),
        judge(fetched(status=404), BODY),
        judge(fetched(status=404, address="2001:db8::1"), BODY),
        judge(fetched(status=500), BODY),
    ]
    assert summary(judged) == (
        "2 x status 404 at 192.0.2.1, 2001:db8::1; 1 x status 500 at 192.0.2.1"
    )
    assert summary(judged[:1]) == ""

"""CAA as RFC 8659 reads it: the closest record set decides, whatever stands further up."""

from __future__ import annotations

import pytest

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.caa import AMAZON, authority_of, caa_names, forbids

HOST = "mta-sts.example.gov"


def answer(name: str, *values: str, status: DnsStatus | None = None) -> DnsAnswer:
    settled = DnsStatus.ANSWERED if values else DnsStatus.NO_DATA
    return DnsAnswer(name, "CAA", status or settled, values)


def test_records_are_looked_for_at_the_host_and_at_every_parent() -> None:
    assert list(caa_names(HOST)) == [HOST, "example.gov", "gov"]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([answer(HOST), answer("example.gov"), answer("gov")], id="no-records"),
        pytest.param([answer(HOST, '0 issue "amazon.com"')], id="amazon"),
        pytest.param([answer(HOST, '0 issue "AmazonTrust.com; x=y"')], id="case-and-parameters"),
        pytest.param(
            [answer(HOST, '0 issue "ca.example"', '0 issue "awstrust.com"')], id="one-of-several"
        ),
        pytest.param([answer(HOST, '0 iodef "mailto:a@example.gov"')], id="nothing-about-issue"),
        pytest.param([answer(HOST, '0 issuewild ";"')], id="only-wildcards-forbidden"),
        pytest.param(
            [answer(HOST, '0 issue "amazon.com"'), answer("example.gov", '0 issue ";"')],
            id="the-closest-decides",
        ),
        pytest.param(
            [answer(HOST, status=DnsStatus.FAILED), answer("example.gov", '0 issue ";"')],
            id="not-found-out",
        ),
        pytest.param([answer(HOST, "nonsense"), answer("example.gov")], id="unreadable"),
        pytest.param([answer(HOST, '128 issue "amazon.com"')], id="critical-and-known"),
    ],
)
def test_amazon_may_issue(answers: list[DnsAnswer]) -> None:
    assert forbids(answers) is None


@pytest.mark.parametrize(
    ("answers", "owner", "words"),
    [
        pytest.param([answer(HOST, '0 issue ";"')], HOST, "lets nobody issue", id="nobody"),
        pytest.param(
            [answer(HOST), answer("example.gov", '0 issue "ca.example"')],
            "example.gov",
            "lets ca.example issue",
            id="a-parent-names-another",
        ),
        pytest.param(
            [answer(HOST, '128 future "x"', '0 issue "amazon.com"')],
            HOST,
            "critical property future",
            id="critical-and-unknown",
        ),
    ],
)
def test_amazon_may_not_issue(answers: list[DnsAnswer], owner: str, words: str) -> None:
    reason = forbids(answers)
    assert reason is not None
    assert owner in reason
    assert words in reason


def test_the_authority_is_known_by_its_certificates() -> None:
    found = authority_of("Let's Encrypt")
    assert found is not None
    assert forbids([answer(HOST, '0 issue "letsencrypt.org"')], found) is None
    assert "not Let's Encrypt" in (forbids([answer(HOST, '0 issue "amazon.com"')], found) or "")
    assert authority_of("AMAZON") is AMAZON
    assert authority_of("DigiCert Inc") is not None
    assert authority_of("Some Authority") is None

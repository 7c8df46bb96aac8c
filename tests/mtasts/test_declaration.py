"""A declaration says under which names and with which texts a domain is published."""

from __future__ import annotations

import dataclasses

import pytest

from mtasts.config import DomainConfig
from mtasts.names import MxPattern
from mtasts.policy import Mode, policy_id
from mtasts.rollout.declaration import declare
from mtasts.rollout.zones import HostedZone

DOMAIN = DomainConfig(
    "example.gov", (MxPattern("mail.example.gov"),), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",)
)
ZONE = HostedZone("Z1", "example.gov")


def test_names_and_texts_are_those_of_the_rfcs() -> None:
    declared = declare(DOMAIN, ZONE, 0)
    assert declared.policy_host == "mta-sts.example.gov"
    assert (declared.sts_owner, declared.tlsrpt_owner) == (
        "_mta-sts.example.gov",
        "_smtp._tls.example.gov",
    )
    assert declared.sts_text == f"v=STSv1; id={policy_id(declared.body, 0)};"
    assert declared.tlsrpt_text == "v=TLSRPTv1; rua=mailto:a@b.gov;"


def test_another_revision_gives_the_same_body_another_id() -> None:
    first, second = declare(DOMAIN, ZONE, 0), declare(DOMAIN, ZONE, 1)
    assert first.body == second.body
    assert first.id != second.id


def test_a_parked_domain_has_no_policy_to_declare() -> None:
    with pytest.raises(ValueError, match="parked"):
        declare(dataclasses.replace(DOMAIN, mx=()), ZONE, 0)

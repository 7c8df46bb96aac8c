"""A declaration says under which names and with which texts a domain is published."""

from __future__ import annotations

from mtasts.config import DomainConfig
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import UNPROTECTED
from mtasts.names import MxPattern
from mtasts.policy import Mode, policy_id
from mtasts.rollout.declaration import Declaration
from mtasts.zones import HostedZone

DOMAIN = DomainConfig(
    "example.gov", (MxPattern("mail.example.gov"),), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",)
)
ZONE = HostedZone("Z1", "example.gov")


def test_names_and_texts_are_those_of_the_rfcs() -> None:
    intended = intend(Ledger(), DOMAIN.policy)
    declared = Declaration(DOMAIN, ZONE, intended)
    assert declared.policy_host == "mta-sts.example.gov"
    assert (declared.sts_owner, declared.tlsrpt_owner) == (
        "_mta-sts.example.gov",
        "_smtp._tls.example.gov",
    )
    assert declared.body == DOMAIN.policy.render()
    assert declared.sts_text == f"v=STSv1; id={policy_id(declared.body, 0)};"
    assert declared.tlsrpt_text == "v=TLSRPTv1; rua=mailto:a@b.gov;"
    assert not declared.keep
    assert declared.parts == UNPROTECTED

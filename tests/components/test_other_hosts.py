"""What is placed on Cloudflare, for agencies with zones of their own, and while hosting moves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from recording import Recorded, record
from test_mail_domain import DOMAIN, declaration

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.components.aws.hosting import AwsHosting
from mtasts.components.aws.zones import Route53Zones
from mtasts.components.cloudflare.hosting import CloudflareHosting
from mtasts.components.cloudflare.zone import CloudflareZones
from mtasts.components.delegated.zone import DelegatedZones
from mtasts.components.mail_domain import MailDomain
from mtasts.components.manual.zone import ManualZones
from mtasts.config import Hosting
from mtasts.ledger.phases import ALL
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.render.worker import worker_name
from mtasts.rollout.declaration import FormerZone
from mtasts.run.proof import Prover
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from mtasts.components.hosting import Zones
    from mtasts.rollout.declaration import Declaration

SCRIPT = f"WorkersScript {DOMAIN}-worker-script"
CUSTOM = f"WorkersCustomDomain {DOMAIN}-domain"
STS, TLSRPT = f"DnsRecord {DOMAIN}-sts", f"DnsRecord {DOMAIN}-tlsrpt"
CNAME, VALIDATION = f"DnsRecord {DOMAIN}-cname", f"DnsRecord {DOMAIN}-validation"
HANDED = f"BucketObjectv2 {DOMAIN}-handed-out"
DISTRIBUTION = f"Distribution {DOMAIN}-distribution"
HOME = HostedZone("", "example.gov", frozenset({"ns1.agency.example"}))
ENFORCED = ALL


def placed(
    kind: str,
    one: Declaration,
    *,
    moves: bool = False,
    cloudflare: bool = False,
    left: str = "",
) -> Recorded:
    """One domain on the cloud, with the zones of that kind.

    With ``moves`` it leaves the other cloud, and the zones of the kind ``left``.
    """

    def program() -> None:
        aws = Account(AwsSettings("eu-west-1"))
        account = CloudflareAccount(CloudflareSettings("a" * 32, "t"))

        def on_aws() -> AwsHosting:
            return AwsHosting(
                aws,
                bucket="mtasts-bucket",
                account_id="123456789012",
                cache_seconds=60,
                protect=False,
                keep=one.keep,
            )

        on_cloudflare = CloudflareHosting(
            account, workers_dev="x.workers.dev", cache_seconds=60, settle_seconds=120
        )
        hosting = on_cloudflare if cloudflare else on_aws()
        zones: Zones = (
            CloudflareZones(account) if kind == "cloudflare" else Route53Zones(aws.settings)
        )
        if isinstance(hosting, AwsHosting) and kind == "manual":
            zones = ManualZones(hosting.bucket, Resolver(Reach()))
        elif isinstance(hosting, AwsHosting) and kind == "delegated":
            zones = DelegatedZones(Route53Zones(aws.settings), hosting.bucket, Resolver(Reach()))
        former: Zones | None = None
        if left:
            former = (
                CloudflareZones(account) if left == "cloudflare" else Route53Zones(aws.settings)
            )
        other = on_cloudflare if hosting is not on_cloudflare else None
        reach = Reach()
        MailDomain(
            DOMAIN,
            {
                "declaration": one,
                "hosting": hosting,
                "zones": zones,
                "prover": Prover(reach, Resolver(reach), 300),
                "recorder": Recorder(S3Store(aws, "mtasts-bucket", "agency"), Hosting.AWS),
                "former": {
                    "hosting": (other or on_aws()) if moves else None,
                    "zones": former,
                },
            },
        )

    return record(program)


def test_a_domain_on_cloudflare_is_a_worker_its_domain_and_two_records() -> None:
    found = placed("cloudflare", declaration(parts=ENFORCED, keep=True), cloudflare=True)
    assert sorted(found.names) == sorted(
        [
            f"MailDomain {DOMAIN}",
            f"Zone {DOMAIN}-cloudflare",
            f"PolicyHost {DOMAIN}-worker",
            SCRIPT,
            f"WorkersScriptSubdomain {DOMAIN}-worker-own-name",
            CUSTOM,
            STS,
            TLSRPT,
        ]
    )
    assert found.inputs(SCRIPT)["scriptName"] == worker_name(DOMAIN)
    assert "mode: testing" in found.inputs(SCRIPT)["content"]
    assert found.inputs(CUSTOM)["hostname"] == f"mta-sts.{DOMAIN}"
    assert found.inputs(STS)["content"] == '"v=STSv1; id=abc1;"'
    assert found.inputs(STS)["proxied"] is False
    for key, name in ((SCRIPT, "ledger"), (CUSTOM, "candidate-proof"), (STS, "proof")):
        hook = [f"{DOMAIN}-{name}"]
        assert found.hooks(key) == {"before_create": hook, "before_update": hook}
        assert found.request(key).protect
    assert found.depends_on(CUSTOM) >= {f"{DOMAIN}-worker-script"}
    assert found.depends_on(STS) >= {f"{DOMAIN}-domain", f"{DOMAIN}-tlsrpt"}


def test_on_aws_with_the_zone_at_cloudflare_the_host_is_a_cname_that_is_not_proxied() -> None:
    found = placed("cloudflare", declaration())
    assert found.inputs(CNAME)["type"] == "CNAME"
    assert found.inputs(CNAME)["content"] == "d1.cloudfront.net"
    assert found.inputs(CNAME)["proxied"] is False
    assert found.inputs(VALIDATION)["content"] == "_y.acm-validations.aws"
    assert found.hooks(VALIDATION) == {"before_create": [f"{DOMAIN}-validation-taken-in"]}
    assert found.hooks(CNAME)["before_create"] == [f"{DOMAIN}-candidate-proof"]


@pytest.mark.parametrize(
    ("changes", "forgotten"),
    [
        pytest.param({}, frozenset(), id="stays"),
        pytest.param({"parts": replace(ALL, go_over=True)}, {CNAME}, id="goes-over"),
        pytest.param({"is_lost": True}, {CNAME, VALIDATION, STS, TLSRPT}, id="lost"),
    ],
)
def test_what_cloudflare_will_not_have_any_more_is_forgotten_and_not_deleted(
    changes: dict[str, Any], forgotten: set[str]
) -> None:
    found = placed("cloudflare", declaration(**changes))
    records = [CNAME, VALIDATION, STS, TLSRPT]
    assert {each for each in records if found.request(each).retainOnDelete} == forgotten


def test_while_hosting_moves_both_stand_and_what_leaves_is_free_to_go() -> None:
    found = placed(
        "cloudflare", declaration(parts=ENFORCED, keep=True), moves=True, cloudflare=True
    )
    assert {SCRIPT, CUSTOM, DISTRIBUTION} <= set(found.names)
    assert CNAME not in found.names
    assert not found.request(DISTRIBUTION).protect
    assert not found.request(f"BucketObjectv2 {DOMAIN}-policy").protect
    assert found.request(SCRIPT).protect
    assert ENFORCED.freed.record.is_protected
    assert not (ENFORCED.freed.host.is_protected)
    assert not (ENFORCED.freed.addresses.is_protected)


OLD = HostedZone("a" * 32, DOMAIN, frozenset({"ada.example"}))
WAITS = {
    f"{DOMAIN}-tlsrpt",
    f"{DOMAIN}-policy",
    f"{DOMAIN}-ipv4",
    f"{DOMAIN}-ipv6",
}


def test_while_records_move_both_zones_have_them_and_no_id_is_ahead_in_either() -> None:
    one = declaration(parts=ENFORCED, keep=True, former=FormerZone(OLD, is_led_to=False))
    found = placed("route53", one, left="cloudflare")
    new, old = f"Record {DOMAIN}", f"DnsRecord {DOMAIN}"
    for kind in ("tlsrpt", "validation", "sts"):
        assert found.request(f"{new}-{kind}").protect or kind == "tlsrpt"
        assert not found.request(f"{old}-{kind}").protect
    for each in (f"{new}-sts", f"{old}-sts"):
        assert found.depends_on(each) >= {*WAITS, f"{DOMAIN}-cname"}
        assert found.hooks(each)["before_update"] == [f"{DOMAIN}-proof"]
    assert found.hooks(f"{new}-ipv4")["before_create"] == [f"{DOMAIN}-candidate-proof"]
    assert found.hooks(CNAME)["before_create"] == [f"{DOMAIN}-former-candidate-proof"]
    assert found.inputs(f"{old}-sts")["zoneId"] == OLD.zone_id
    assert found.names.count(DISTRIBUTION) == 1
    assert found.depends_on(f"CertificateValidation {DOMAIN}-issued") >= {f"{DOMAIN}-validation"}


def test_the_zone_that_dns_leads_to_stays_protected() -> None:
    one = declaration(parts=ENFORCED, keep=True, former=FormerZone(OLD))
    found = placed("route53", one, moves=True, left="cloudflare")
    for each in (SCRIPT, CUSTOM, STS, DISTRIBUTION, f"Record {DOMAIN}-sts"):
        assert found.request(each).protect


def test_a_worker_that_is_left_keeps_its_zone_meanwhile() -> None:
    one = declaration(parts=ENFORCED, keep=True, former=FormerZone(OLD, is_led_to=False))
    found = placed("route53", one, moves=True, left="cloudflare")
    assert {SCRIPT, CUSTOM, DISTRIBUTION} <= set(found.names)
    assert found.request(DISTRIBUTION).protect
    assert not found.request(SCRIPT).protect
    assert not found.request(CUSTOM).protect
    for each in (f"Record {DOMAIN}-sts", STS):
        assert found.depends_on(each) >= {*WAITS, f"{DOMAIN}-worker-script", f"{DOMAIN}-domain"}
    assert one.at_former.name_servers == ("ada.example",)
    assert one.name_servers != one.at_former.name_servers


@pytest.mark.parametrize(
    ("kind", "hooks"),
    [
        ("route53", {}),
        ("manual", {"before_create": [f"{DOMAIN}-validation-published"]}),
        ("delegated", {"before_create": [f"{DOMAIN}-validation-published"]}),
    ],
)
def test_a_certificate_is_waited_for_once_its_record_is_there(
    kind: str, hooks: dict[str, list[str]]
) -> None:
    home = None if kind == "route53" else HOME
    zone = "op.example" if kind == "delegated" else None
    found = placed(kind, declaration(agency_zone=home, delegation_zone=zone))
    assert found.hooks(f"CertificateValidation {DOMAIN}-issued") == hooks


def rows(found: Recorded) -> dict[tuple[str, str], str]:
    """What is handed out."""
    handed = json.loads(found.inputs(HANDED)["content"])
    return {(row["owner"], row["type"]): row["value"] for row in handed["records"]}


@pytest.mark.parametrize(
    ("stage", "owners"),
    [
        (Stage.REQUESTED, ["_smtp._tls", "_x.mta-sts"]),
        (Stage.ISSUED, ["_smtp._tls", "_x.mta-sts", "mta-sts"]),
        (Stage.LIVE, ["_mta-sts", "_smtp._tls", "_x.mta-sts", "mta-sts"]),
    ],
)
def test_manual_records_are_handed_out_as_they_become_true(stage: Stage, owners: list[str]) -> None:
    one = declaration(parts=ENFORCED.at(stage), agency_zone=HOME)
    found = placed("manual", one)
    assert sorted(owner for owner, _ in rows(found)) == [f"{each}.{DOMAIN}" for each in owners]
    assert (DISTRIBUTION in found.names) is (stage is not Stage.REQUESTED)
    hooks = {
        Stage.REQUESTED: [],
        Stage.ISSUED: [f"{DOMAIN}-candidate-proof"],
        Stage.LIVE: [f"{DOMAIN}-candidate-proof", f"{DOMAIN}-proof"],
    }[stage]
    guarded = {"before_create": hooks, "before_update": hooks} if hooks else {}
    assert found.hooks(HANDED) == guarded
    assert found.request(HANDED).protect is (stage is Stage.LIVE)
    assert one.name_servers == ("ns1.agency.example",)


@pytest.mark.parametrize("stage", list(Stage))
def test_delegated_records_stand_in_the_operators_zone(stage: Stage) -> None:
    one = declaration(parts=ENFORCED.at(stage), agency_zone=HOME, delegation_zone="op.example")
    found = placed("delegated", one)
    assert sorted(rows(found)) == [
        (f"{each}.{DOMAIN}", "CNAME")
        for each in ("_mta-sts", "_smtp._tls", "_x.mta-sts", "mta-sts")
    ]
    assert rows(found)[f"_mta-sts.{DOMAIN}", "CNAME"] == f"_mta-sts.{DOMAIN}.op.example"
    assert found.inputs(f"Record {DOMAIN}-tlsrpt")["name"] == f"_smtp._tls.{DOMAIN}.op.example"
    assert (f"Record {DOMAIN}-sts" in found.names) is (stage is Stage.LIVE)
    assert (f"Record {DOMAIN}-ipv4" in found.names) is (stage is not Stage.REQUESTED)
    assert found.hooks(HANDED) == {}

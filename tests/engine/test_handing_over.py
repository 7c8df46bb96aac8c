"""Records that somebody else publishes: every order in which an agency may do so, or not."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.localcloud.edge_response import EdgeFault
from mtasts.records import to_presentation

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
# Values by owner and type.
Rows = dict[tuple[str, str], str]


class Agency:
    """An agency with a zone of its own, and the operator's stack that hosts for it."""

    def __init__(self, lab: Lab, dns: str, *settings: str, mode: str = "testing") -> None:
        self.lab, self.dns = lab, dns
        self.domain = f"d{uuid.uuid4().hex[:8]}.example"
        self.host = f"mta-sts.{self.domain}"
        self.sts, self.tls = f"_mta-sts.{self.domain}", f"_smtp._tls.{self.domain}"
        row = f"- name: {self.domain}\n  mx: [mx1.{self.domain}]\n  dkimSelectors: [s1]\n"
        more = settings
        if dns == "delegated":
            self.operator = f"op{uuid.uuid4().hex[:8]}.example"
            lab.add_zone(self.operator)
            more = (*settings, f"mtasts:delegationZone: {self.operator}")
        self.project: Project = lab.stack(row, *more, dns=dns, mode=mode)

    def handed(self) -> Rows:
        """What the stack hands out, by owner and type."""
        published = self.project.outputs()["domains"][self.domain]["publish"]
        rows = json.loads(published["json"])["records"]
        assert all(
            f"{row['owner']} {row['type']} {row['value']}" in published["text"] for row in rows
        )
        assert published["zoneFile"].count(" IN ") == len(rows)
        return {(row["owner"], row["type"]): row["value"] for row in rows}

    def validation(self, handed: Rows | None = None) -> tuple[str, str]:
        """The record that validates the certificate."""
        (found,) = [key for key in handed or self.handed() if key[0].endswith(f".{self.host}")]
        return found

    def cnames(self, handed: Rows) -> dict[str, tuple[str, str]]:
        """The CNAMEs of dns delegated, by kind."""
        return {
            "validation": self.validation(handed),
            "host": (self.host, "CNAME"),
            "sts": (self.sts, "CNAME"),
            "tls": (self.tls, "CNAME"),
        }

    def publish(self, *keys: tuple[str, str], handed: Rows | None = None) -> None:
        """Publish those of the rows ``handed``; without, those that are handed out now."""
        rows = handed or self.handed()
        for owner, type_ in keys:
            text = rows[owner, type_]
            shown = to_presentation(text) if type_ == "TXT" else f"{text}."
            self.lab.put(self.domain, self._set(owner, type_, shown))

    def publish_all(self) -> None:
        """Publish all that is handed out now."""
        handed = self.handed()
        self.publish(*handed, handed=handed)

    def withdraw(self, *keys: tuple[str, str]) -> None:
        """Remove what was published."""
        records = self.lab.records(self.domain)
        for owner, type_ in keys:
            (value,) = records[owner, type_]
            self.lab.put(self.domain, self._set(owner, type_, value), action="DELETE")

    def stage(self) -> str:
        """How far the domain has come."""
        shown = self.project.mtasts("ledger", "show", self.project.stack, "--format", "json")
        rows = json.loads(shown.required().stdout)["entries"]
        stages = [str(row["stage"]) for row in rows if row["kind"] == "stage"]
        return stages[-1] if stages else "requested"

    @staticmethod
    def _set(owner: str, type_: str, value: str) -> dict[str, Any]:
        return {"Name": owner, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]}


def test_manual_records_are_handed_out_stage_by_stage_and_no_id_before_its_body_is_proven(
    lab: Lab,
) -> None:
    agency = Agency(lab, "manual")
    first = agency.project.settle()
    assert "see the stack's output domains, under publish" in first.text
    assert agency.stage() == "requested"
    handed = agency.handed()
    assert {type_ for _, type_ in handed} == {"CNAME", "TXT"}
    assert (agency.host, "CNAME") not in handed
    assert (agency.sts, "TXT") not in handed

    agency.publish(agency.validation(handed), (agency.tls, "TXT"), handed=handed)
    agency.project.settle()
    assert agency.stage() == "issued"
    handed = agency.handed()
    assert handed[agency.host, "CNAME"].endswith(".cloudfront.net")
    assert (agency.sts, "TXT") not in handed

    agency.publish((agency.host, "CNAME"), handed=handed)
    agency.project.settle()
    assert agency.stage() == "live"
    published = agency.project.outputs()["domains"][agency.domain]["policyId"]
    before = agency.handed()
    assert before[agency.sts, "TXT"] == f"v=STSv1; id={published};"

    agency.publish((agency.sts, "TXT"), handed=before)
    lab.control.set_edge_fault(agency.host, EdgeFault(stale=True))
    agency.project.configure({"mtasts:maxAge": "86400"})
    refused = agency.project.up()
    assert not refused.ok
    assert f"https://{agency.host} does not serve the intended policy" in refused.text
    assert stored(lab, agency) == before
    lab.control.clear_edge_fault(agency.host)

    changed = agency.project.settle()
    assert "wrong" not in changed.text
    handed = agency.handed()
    assert handed[agency.sts, "TXT"] != before[agency.sts, "TXT"]
    assert stored(lab, agency) == handed
    code = agency.project.mtasts("check", agency.domain, "--stack", agency.project.stack)
    assert "stack-record-differs" in code.text  # the new id is not published yet
    assert "wrong" in agency.project.up().required().text


def stored(lab: Lab, agency: Agency) -> Rows:
    """What the agency's bucket says is handed out."""
    key = f"published/{agency.domain}.json"
    found = lab.client("s3").get_object(Bucket=bucket(lab, agency), Key=key)["Body"].read()
    rows = json.loads(found)["records"]
    assert rows == sorted(rows, key=lambda row: (row["owner"], row["type"]))
    return {(row["owner"], row["type"]): row["value"] for row in rows}


def bucket(lab: Lab, agency: Agency) -> str:
    """The bucket of the agency's stack."""
    names = [each["Name"] for each in lab.client("s3").list_buckets()["Buckets"]]
    (found,) = [name for name in names if name.endswith(agency.project.stack)]
    return str(found)


KINDS = ("validation", "host", "sts", "tls")


# What is needed first comes first, and last; all the orders are in `test_handover`.
ORDERS = [KINDS, KINDS[1:] + KINDS[:1]]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_delegated_in_whatever_order_the_agency_publishes(lab: Lab, order: tuple[str, ...]) -> None:
    agency = Agency(lab, "delegated")
    agency.project.up().required()
    handed = agency.handed()
    keys = agency.cnames(handed)
    published = set()
    operators = f"_mta-sts.{agency.domain}.{agency.operator}"
    for kind in order:
        agency.publish(keys[kind], handed=handed)
        published.add(kind)
        run = agency.project.up().required()
        missing = [each for each in KINDS if each not in published]
        for each in missing:
            assert f"waiting for: {keys[each][0]} CNAME" in run.text
        expected = "issued" if "validation" in published else "requested"
        assert agency.stage() == expected or not missing
        live = lab.records(agency.operator).get((operators, "TXT"))
        assert live is None or not missing
    agency.project.settle()
    assert agency.stage() == "live"
    published_id = agency.project.outputs()["domains"][agency.domain]["policyId"]
    assert lab.records(agency.operator)[operators, "TXT"] == [f'"v=STSv1; id={published_id};"']


@pytest.mark.parametrize("kind", ["host"])
def test_delegated_what_is_wrong_or_forgotten_is_named_and_takes_nothing_away(
    lab: Lab, kind: str
) -> None:
    agency = Agency(lab, "delegated")
    agency.project.up().required()
    handed = agency.handed()
    keys = agency.cnames(handed)
    agency.publish(*keys.values(), handed={**handed, keys[kind]: "elsewhere.example"})
    for _ in range(2):  # all published, the second one has it live
        run = agency.project.up().required()
    assert (
        f"wrong: DNS has elsewhere.example; the agency has to publish: {keys[kind][0]} CNAME"
        in run.text
    )
    assert agency.stage() == ("requested" if kind == "validation" else "issued")
    agency.publish(keys[kind], handed=handed)
    agency.project.up().required()
    assert agency.stage() == "live"
    before = lab.records(agency.operator)
    agency.withdraw(keys[kind])
    run = agency.project.up().required()
    assert f"gone or not yet there: {keys[kind][0]} CNAME" in run.text
    assert lab.records(agency.operator) == before
    assert agency.stage() == "live"


@pytest.mark.parametrize("dns", ["manual", "delegated"])
def test_a_retirement_waits_until_the_agencys_records_are_seen_gone(lab: Lab, dns: str) -> None:
    agency = Agency(lab, dns)
    type_ = "TXT" if dns == "manual" else "CNAME"
    agency.project.up().required()
    handed = agency.handed()
    validation = agency.validation(handed)
    keys = [validation, (agency.tls, type_)]
    if dns == "delegated":
        keys += [(agency.host, "CNAME"), (agency.sts, "CNAME")]
    agency.publish(*keys, handed=handed)
    agency.project.up().required()
    if dns == "manual":
        agency.publish((agency.host, "CNAME"))
    agency.project.up().required()
    assert agency.stage() == "live"
    if dns == "manual":
        agency.publish((agency.sts, "TXT"))
    agency.project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    agency.project.up().required()
    if dns == "manual":
        agency.publish((agency.sts, "TXT"))
    for _ in range(3):
        run = agency.project.up().required()
    assert "DNS still has the STS record" in run.text
    assert f"have the agency remove its records at {agency.sts}" in run.text
    agency.withdraw((agency.sts, type_))
    assert " any more; run again after " in agency.project.up().required().text
    later = agency.project.later(2 * DAY)
    later.up().required()
    run = later.up().required()
    assert "DNS still has the policy host's addresses" in run.text
    assert f"{agency.host}" in run.text.partition("have the agency remove")[2]
    assert agency.handed() == {}
    agency.withdraw((agency.host, "CNAME"))
    assert " any more; run again after " in later.up().required().text
    last = agency.project.later(2 * DAY + 2 * HOUR)
    assert f"DNS still has {validation[0]}" in last.up().required().text
    agency.withdraw(validation, *([(agency.tls, type_)] if dns == "delegated" else []))
    assert "Remove its entry from the stack file" in last.up().required().text
    last.require_settled()


@pytest.mark.parametrize("dns", ["manual", "delegated"])
def test_a_new_certificate_waits_for_its_cname_and_no_run_for_the_agency(
    lab: Lab, dns: str
) -> None:
    agency = Agency(lab, dns)
    live(agency)
    key = agency.validation()
    agency.withdraw(key)
    assert f"gone or not yet there: {key[0]} CNAME" in agency.project.up().required().text
    acm = lab.client("acm")
    (old,) = certificates(acm, agency.host)
    records = lab.records(agency.operator if dns == "delegated" else agency.domain)

    exported = agency.project.pulumi("stack", "export").required().stdout
    (urn,) = (
        row["urn"]
        for row in json.loads(exported)["deployment"]["resources"]
        if row["type"] == "aws:acm/certificate:Certificate"
    )
    refused = agency.project.up("--replace", urn)
    assert not refused.ok
    assert f"no certificate yet: waiting for: {key[0]} CNAME" in refused.text
    assert lab.records(agency.operator if dns == "delegated" else agency.domain) == records
    assert agency.stage() == "live"
    assert agency.handed()[key]

    agency.publish(key)
    agency.project.settle()
    (new,) = certificates(acm, agency.host)
    assert new != old


def live(agency: Agency) -> None:
    """Bring a domain up as far as it comes, its agency publishing all that is handed out."""
    agency.project.up().required()
    for _ in range(2):
        agency.publish_all()
        agency.project.up().required()
    agency.publish_all()
    assert agency.stage() == "live"


def certificates(acm: Any, host: str) -> list[str]:
    """The certificates of a host."""
    rows = acm.list_certificates()["CertificateSummaryList"]
    return [row["CertificateArn"] for row in rows if row["DomainName"] == host]

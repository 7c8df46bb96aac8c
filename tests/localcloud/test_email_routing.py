"""The API of Email Routing, the addresses for which a rule is, and the replies to senders."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api

from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import Account, Script, Version
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.localcloud.cloudflare.email_names import enable
from mtasts.localcloud.cloudflare.email_routing import MX_HOSTS, Rule
from mtasts.localcloud.cloudflare.inbound import Inbound
from mtasts.localcloud.cloudflare.session import Session
from mtasts.localcloud.provider.resource import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

ZONE, NAME = "agency.example", "reports.agency.example"


@pytest.fixture(scope="module")
def servers() -> Iterator[CloudflareServers]:
    with api() as found:
        found.account.scripts["inbox"] = Script("inbox", [Version("w1", "", 0.0)])
        yield found


@pytest.fixture
def session(servers: CloudflareServers) -> Session:
    """The API, with a zone in which Email Routing is off."""
    servers.api.faults = Faults()
    servers.account.zones.clear()
    servers.account.add_zone(ZONE)
    return Session(servers.api.url, CLOUDFLARE_TOKEN)


def path(session: Session) -> str:
    return f"/zones/{session.get('/zones')[0]['id']}/email/routing"


def rule(address: str, worker: str = "inbox", **more: object) -> dict[str, Any]:
    return {
        "matchers": [{"type": "literal", "field": "to", "value": address}],
        "actions": [{"type": "worker", "value": [worker]}],
        **more,
    }


CATCH_ALL = {"matchers": [{"type": "all"}], "actions": [{"type": "drop"}], "enabled": True}


def test_a_name_below_the_zone_is_added_with_records_that_are_locked(session: Session) -> None:
    routing = path(session)
    assert (session.get(routing)["enabled"], session.get(routing)["status"]) == (
        False,
        "unconfigured",
    )
    missing = session.get(f"{routing}/dns?subdomain={NAME}")
    assert [each["code"] for each in missing["errors"]] == [*["mx.missing"] * 3, "spf.missing"]
    assert "records" not in missing
    for _ in range(2):
        session.call("POST", f"{routing}/dns", {"name": NAME})
    added = session.get(f"{routing}/dns?subdomain={NAME}")
    assert added["errors"] is None
    hosts = {each["content"].rstrip(".") for each in added["records"] if each["type"] == "MX"}
    assert hosts == set(MX_HOSTS)
    # The word for the zone is about the zone's own name.
    assert (session.get(routing)["enabled"], session.get(routing)["status"]) == (
        True,
        "misconfigured",
    )
    rows = session.get(f"{routing.removesuffix('/email/routing')}/dns_records")
    assert len(rows) == 4
    locked = next(each for each in rows if each["type"] == "MX")
    assert (locked["meta"]["email_routing"], locked["priority"]) == (True, 34)


@pytest.mark.parametrize("name", ["agency.example", "other.example"])
def test_a_name_elsewhere_is_refused(session: Session, name: str) -> None:
    with pytest.raises(RefusedError, match="2007: Invalid Input: must be a a subdomains of"):
        session.call("POST", f"{path(session)}/dns", {"name": name})


def test_locked_records_are_neither_changed_nor_deleted_nor_joined(session: Session) -> None:
    routing = path(session)
    records = f"{routing.removesuffix('/email/routing')}/dns_records"
    session.call("POST", f"{routing}/dns", {"name": NAME})
    found = next(each for each in session.get(records) if each["type"] == "MX")
    ours = {"name": NAME, "type": "MX", "content": "mx.agency.example", "ttl": 300, "priority": 10}
    for method, where, body in (
        ("DELETE", f"{records}/{found['id']}", None),
        ("PUT", f"{records}/{found['id']}", ours),
        ("POST", records, ours),
    ):
        with pytest.raises(RefusedError, match="1046: This zone is managed by Email Routing"):
            session.call(method, where, body)
    with pytest.raises(RefusedError, match="9100: Priority is required"):
        session.call("POST", records, {**ours, "name": f"other.{ZONE}", "priority": None})
    assert session.call("POST", records, {**ours, "name": f"other.{ZONE}"})["priority"] == 10


def test_one_name_is_taken_away_and_the_others_stay(session: Session) -> None:
    routing = path(session)
    session.call("POST", f"{routing}/enable")
    session.call("POST", f"{routing}/dns", {"name": NAME})
    assert session.get(routing)["status"] == "ready"
    assert len(session.get(f"{routing}/dns")) == 4
    session.call("POST", f"{routing}/disable", {"name": NAME})
    assert session.get(routing)["status"] == "ready"
    assert session.get(f"{routing}/dns?subdomain={NAME}")["errors"]
    session.call("POST", f"{routing}/disable")
    assert session.get(routing)["status"] == "unconfigured"
    assert len(session.get(f"{routing}/dns")) == 4


def test_a_rule_is_made_changed_and_deleted(session: Session) -> None:
    rules = f"{path(session)}/rules"
    made = session.call("POST", rules, rule(f"tlsrpt@{NAME}", name="inbox"))
    assert (made["enabled"], made["priority"], made["source"]) == (True, 0, "api")
    assert session.get(f"{rules}/{made['id']}") == made
    # The rule that takes the rest is in the list, at its end.
    assert [each["matchers"][0]["type"] for each in session.get(rules)] == ["literal", "all"]
    changed = session.call("PUT", f"{rules}/{made['id']}", rule(f"other@{NAME}", priority=3))
    assert (changed["id"], changed["priority"]) == (made["id"], 3)
    assert session.call("DELETE", f"{rules}/{made['id']}")["id"] == made["id"]
    assert session.get(f"{rules}/{made['id']}") is None
    with pytest.raises(RefusedError, match="1001"):
        session.call("DELETE", f"{rules}/{made['id']}")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (rule(f"a@{NAME}", "nobodys"), "2016: Workers Script Info not found"),
        (rule(f"There@{NAME}"), "2014: Duplicated Zone rule"),
        (rule("a@other.example"), "2007"),
        ({**rule(f"a@{NAME}"), "actions": [{"type": "forward", "value": ["b@c.example"]}]}, "2007"),
        ({**rule(f"a@{NAME}"), "actions": [{"type": "drop"}, {"type": "drop"}]}, "2007"),
        ({"matchers": []}, "6003"),
    ],
)
def test_a_bad_rule_is_refused(session: Session, body: dict[str, Any], code: str) -> None:
    rules = f"{path(session)}/rules"
    session.call("POST", rules, rule(f"there@{NAME}"))
    with pytest.raises(RefusedError, match=code):
        session.call("POST", rules, body)


def test_a_rule_over_the_limit_is_refused(session: Session) -> None:
    rules = f"{path(session)}/rules"
    for number in range(200):
        session.call("POST", rules, rule(f"a{number}@{NAME}"))
    with pytest.raises(RefusedError, match="200 rules at most"):
        session.call("POST", rules, rule(f"more@{NAME}"))


def test_the_catch_all_rule_is_set_and_is_no_other_rule(session: Session) -> None:
    where = f"{path(session)}/rules/catch_all"
    assert session.get(where)["enabled"] is False
    assert session.call("PUT", where, CATCH_ALL)["enabled"]
    with pytest.raises(RefusedError, match="the catch-all rule matches all"):
        session.call("PUT", where, rule(f"a@{ZONE}"))


@pytest.mark.parametrize(
    ("lacking", "method", "below"),
    [
        ("Zone Settings Read", "GET", ""),
        ("Zone Settings Read", "GET", "/dns"),
        ("Zone Settings Write", "POST", "/dns"),
        ("Email Routing Rules Read", "GET", "/rules"),
        ("Email Routing Rules Write", "POST", "/rules"),
    ],
)
def test_each_call_needs_its_permission(
    servers: CloudflareServers, session: Session, lacking: str, method: str, below: str
) -> None:
    where = f"{path(session)}{below}"
    servers.api.faults = Faults(lacking=frozenset({lacking}))
    with pytest.raises(RefusedError, match="10000: Authentication error"):
        session.call(method, where, {})


def test_a_bucket_has_lifecycle_rules_that_a_put_replaces(session: Session) -> None:
    buckets = "/accounts/f0e1d2c3b4a5968778695a4b3c2d1e0f/r2/buckets"
    session.call("POST", buckets, {"name": "reports"})
    (first,) = session.get(f"{buckets}/reports/lifecycle")["rules"]
    assert first["id"] == "Default Multipart Abort Rule"
    ours = {"id": "ours", "enabled": True, "conditions": {"prefix": ""}}
    session.call("PUT", f"{buckets}/reports/lifecycle", {"rules": [ours]})
    assert session.get(f"{buckets}/reports/lifecycle") == {"rules": [ours]}
    with pytest.raises(RefusedError, match="must be unique"):
        session.call("PUT", f"{buckets}/reports/lifecycle", {"rules": [ours, ours]})
    for name, code in (("reports", "10004"), ("No_Name", "10005")):
        with pytest.raises(RefusedError, match=code):
            session.call("POST", buckets, {"name": name})
    session.call("DELETE", f"{buckets}/reports")
    with pytest.raises(RefusedError, match="10006"):
        session.call("DELETE", f"{buckets}/reports")


# One zone inside of another one, with rules in both, some of them disabled.
def account() -> Account:
    found = Account(lambda: 0.0)
    for name in (ZONE, f"inner.{ZONE}", "pending.example"):
        zone = found.add_zone(name)
        zone.status = "active" if name.endswith(ZONE) else "pending"
        enable(zone, name)
        for number, (address, enabled) in enumerate(
            {"a": True, "off": False, "worker": True}.items()
        ):
            worker = ({"type": "worker", "value": ["inbox"]},)
            action = worker if address == "worker" else ({"type": "drop"},)
            matcher = ({"type": "literal", "field": "to", "value": f"{address}@{name}"},)
            zone.email.put(Rule(str(number), matcher, action, enabled=enabled))
    return found


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("a@agency.example", True),
        ("A@Agency.Example", True),
        ("off@agency.example", False),
        ("b@agency.example", False),
        ("a@inner.agency.example", True),
        ("a@below.agency.example", False),
        ("a@pending.example", False),
        ("a@nobodys.example", False),
        ("a", False),
    ],
)
def test_a_rule_is_for_its_address_only(address: str, taken: bool) -> None:
    inbound = Inbound(account(), lambda _: None)
    expected = "" if taken else "550 5.1.1 Address does not exist."
    assert inbound.refusal(address) == expected


def test_the_catch_all_rule_is_for_other_addresses_of_the_zone_s_own_name() -> None:
    found = account()
    zone = found.add_zone(ZONE)
    enable(zone, NAME)
    zone.email.catch_all = Rule("0", ({"type": "all"},), ({"type": "drop"},))
    inbound = Inbound(found, lambda _: None)
    assert inbound.refusal(f"anything@{ZONE}") == ""
    assert inbound.refusal(f"anything@{NAME}")


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """The port of a server that stands for a Worker and answers each message with ``body``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """No-op: the test needs no log of requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ({"rejected": None}, "250 2.0.0 Ok"),
        ({"rejected": "too\nlarge"}, "550 5.7.1 too\\x0alarge"),
        ({"error": "Error: R2 is away"}, "451 4.3.0 Upstream error"),
    ],
)
def test_the_worker_decides_the_reply(said: object, reply: str) -> None:
    with answering(json.dumps(said).encode()) as port:
        inbound = Inbound(account(), lambda _: port)
        assert inbound.take("s@sender.example", [f"worker@{ZONE}"], b"") == reply
        # One reply for all recipients: dropped mail is taken.
        assert inbound.take("", [f"a@{ZONE}", f"worker@{ZONE}"], b"") == reply


def test_without_a_worker_that_answers_the_reply_is_temporary_or_final() -> None:
    to = [f"worker@{ZONE}"]
    temporary = "451 4.3.0 Upstream error"
    assert Inbound(account(), lambda _: None).take("", to, b"") == temporary
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        closed = server.getsockname()[1]
    assert Inbound(account(), lambda _: closed).take("", to, b"") == temporary
    with answering(b"no JSON") as port:
        assert Inbound(account(), lambda _: port).take("", to, b"") == temporary
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        slow = Inbound(account(), lambda _: silent.getsockname()[1], answer_seconds=0.05)
        assert slow.take("", to, b"") == "550 5.3.0 Upstream error"
        assert slow.take("", [f"gone@{ZONE}"], b"") == "550 5.1.1 Address does not exist."
        # Of several replies the temporary one counts.
        both = Inbound(account(), lambda _: None)
        assert both.take("", [f"gone@{ZONE}", *to], b"") == temporary

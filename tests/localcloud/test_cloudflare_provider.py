"""The stand-in for pulumi-cloudflare, over a real gRPC channel, with the local v4 API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api
from provider_engine import Engine, refusal, served
from pulumi.runtime.proto import provider_pb2

from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN, Cloud
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, Script, Version
from mtasts.localcloud.cloudflare.provider import provider
from mtasts.localcloud.cloudflare.workerd import find
from mtasts.localcloud.provider.properties import encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
RULE = "cloudflare:index/emailRoutingRule:EmailRoutingRule"
SCRIPT = "cloudflare:index/workersScript:WorkersScript"
ZONE = "agency.example"
# Each upload starts a workerd process: too many at once for a small machine.
pytestmark = pytest.mark.xdist_group("workerd")
OURS = {"accountId": ACCOUNT_ID, "name": "reports"}


@pytest.fixture(scope="module")
def servers() -> Iterator[CloudflareServers]:
    with api(program=lambda: find(os.environ, print)) as found:
        yield found


@pytest.fixture
def engine(tmp_path: Path, servers: CloudflareServers) -> Iterator[Engine]:
    account = servers.account
    account.zones.clear()
    account.buckets.clear()
    account.add_zone(ZONE)
    account.scripts = {n: Script(n, [Version("w1", "", 0.0)]) for n in ("inbox", "other")}
    url = servers.api.url
    cloud = Cloud(
        directory=tmp_path,
        pid=os.getpid(),
        aws="http://127.0.0.1:1",
        dns="127.0.0.1:53",
        edge_port=443,
        control=url,
        ca_file=tmp_path / "ca.pem",
        cloudflare=url,
    )
    cloud.write()
    environment = {
        "MTASTS_LOCAL_CLOUD": str(tmp_path),
        "PULUMI_BACKEND_URL": cloud.backend,
        "CLOUDFLARE_BASE_URL": url,
        "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
    }
    with served(provider(environment)) as channel:
        found = Engine(channel, url)
        found.stub.Configure(provider_pb2.ConfigureRequest(args=encode({})))
        yield found


def zone(servers: CloudflareServers) -> str:
    return next(iter(servers.account.zones))


def rule(servers: CloudflareServers, worker: str = "inbox") -> dict[str, Any]:
    return {
        "zoneId": zone(servers),
        "name": "inbox",
        "matchers": [{"type": "literal", "field": "to", "value": f"tlsrpt@{ZONE}"}],
        "actions": [{"type": "worker", "values": [worker]}],
    }


def lifecycle(days: int) -> dict[str, Any]:
    condition = {"type": "Age", "maxAge": days * 86_400}
    reports = {
        "id": "reports",
        "enabled": True,
        "conditions": {"prefix": ""},
        "deleteObjectsTransition": {"condition": condition},
    }
    return {"accountId": ACCOUNT_ID, "bucketName": "reports", "rules": [reports]}


def test_a_bucket_is_made_read_imported_and_deleted(
    engine: Engine, servers: CloudflareServers
) -> None:
    identity, inputs, state = engine.create(BUCKET, OURS)
    assert (identity, state["jurisdiction"], state["storageClass"]) == (
        "reports",
        "default",
        "Standard",
    )
    assert engine.read(BUCKET, identity, inputs)[1] == inputs
    imported = engine.read(BUCKET, f"{ACCOUNT_ID}/reports/default")
    assert imported[1] == inputs
    assert list(engine.diff(BUCKET, inputs, {**inputs, "name": "others"}).replaces) == ["name"]
    assert "10004" in refusal(engine.create, BUCKET, OURS)
    engine.delete(BUCKET, identity, inputs)
    assert servers.account.buckets == {}
    assert engine.read(BUCKET, identity, inputs)[0] == ""
    # The real provider does not take what is gone for deleted.
    assert "10006" in refusal(engine.delete, BUCKET, identity, inputs)


def test_lifecycle_rules_are_written_anew_and_stay_when_they_are_deleted(
    engine: Engine, servers: CloudflareServers
) -> None:
    assert "10006" in refusal(engine.create, LIFECYCLE, lifecycle(30))
    engine.create(BUCKET, OURS)
    identity, inputs, _ = engine.create(LIFECYCLE, lifecycle(30))
    assert engine.read(LIFECYCLE, identity, inputs)[1] == inputs
    assert list(engine.diff(LIFECYCLE, inputs, lifecycle(60)).replaces) == ["rules"]
    engine.create(LIFECYCLE, lifecycle(60))
    drifted = engine.read(LIFECYCLE, identity, inputs)[1]
    assert drifted == lifecycle(60)
    engine.delete(LIFECYCLE, identity, inputs)
    (kept,) = servers.account.buckets["reports"].lifecycle
    assert kept["deleteObjectsTransition"]["condition"]["maxAge"] == 60 * 86_400
    assert "cannot be imported" in refusal(engine.read, LIFECYCLE, "reports")
    del servers.account.buckets["reports"]
    assert engine.read(LIFECYCLE, identity, inputs)[0] == ""


def test_a_rule_is_made_changed_imported_and_deleted(
    engine: Engine, servers: CloudflareServers
) -> None:
    identity, inputs, state = engine.create(RULE, rule(servers))
    assert (state["enabled"], state["priority"], state["source"]) == (True, 0, "api")
    assert engine.read(RULE, identity, inputs)[1] == inputs
    # What the provider fills in may be said, and is no change.
    assert not engine.diff(RULE, inputs, {**inputs, "enabled": True}, state).diffs
    imported = engine.read(RULE, f"{zone(servers)}/{identity}")[1]
    assert imported == {**inputs, "enabled": True, "priority": 0}
    wanted = rule(servers, "other")
    assert list(engine.diff(RULE, inputs, wanted).replaces) == []
    engine.update(RULE, identity, inputs, wanted)
    assert engine.read(RULE, identity, inputs)[1] == wanted
    assert "2014" in refusal(engine.create, RULE, rule(servers))
    assert "2016" in refusal(engine.update, RULE, identity, wanted, rule(servers, "gone"))
    engine.delete(RULE, identity, wanted)
    assert engine.read(RULE, identity, wanted)[0] == ""
    assert "1001" in refusal(engine.delete, RULE, identity, wanted)


def test_a_rule_without_values_drops(engine: Engine, servers: CloudflareServers) -> None:
    wanted = rule(servers) | {"actions": [{"type": "drop"}]}
    identity, inputs, _ = engine.create(RULE, wanted)
    assert engine.read(RULE, identity, inputs)[1] == wanted


def test_an_mx_record_has_a_priority(engine: Engine, servers: CloudflareServers) -> None:
    wanted = {
        "zoneId": zone(servers),
        "name": ZONE,
        "type": "MX",
        "content": "mx.agency.example",
        "priority": 10,
        "ttl": 300,
    }
    identity, inputs, _ = engine.create(RECORD, wanted)
    assert engine.read(RECORD, identity, inputs)[1] == wanted
    (served_mx,) = (each for each in servers.zones(ipv6=False)[0].records if each.type == "MX")
    assert served_mx.values == ("10 mx.agency.example.",)
    missing = {name: value for name, value in wanted.items() if name != "priority"}
    assert "9100" in refusal(engine.create, RECORD, missing)


def test_bindings_go_up_with_a_script_and_come_back(
    engine: Engine, servers: CloudflareServers
) -> None:
    servers.account.scripts.clear()
    engine.create(BUCKET, OURS)
    wanted: dict[str, Any] = {
        "accountId": ACCOUNT_ID,
        "scriptName": "reader",
        "mainModule": "worker.js",
        "content": "export default {};",
        "compatibilityDate": "2026-01-01",
        "observability": {
            "enabled": True,
            "headSamplingRate": 1,
            "logs": {
                "enabled": True,
                "headSamplingRate": 0.5,
                "invocationLogs": False,
                "persist": True,
            },
        },
        "bindings": [
            {"name": "BUCKET", "type": "r2_bucket", "bucketName": "reports"},
            {
                "name": "LIMIT",
                "type": "ratelimit",
                "namespaceId": "1001",
                "simple": {"limit": 60, "period": 60},
            },
        ],
    }
    identity, inputs, _ = engine.create(SCRIPT, wanted)
    assert engine.read(SCRIPT, identity, inputs)[1] == wanted
    for index, (name, value, code) in enumerate(
        (
            ("bucketName", "nobodys", "10085"),
            ("simple", {"limit": 60, "period": 7}, "10021"),
            ("name", "no name", "10021"),
            ("type", "kv_namespace", "10021"),
        )
    ):
        bindings = [dict(each) for each in wanted["bindings"]]
        bindings[index % 2][name] = value
        assert code in refusal(
            engine.update, SCRIPT, identity, inputs, {**wanted, "bindings": bindings}
        )

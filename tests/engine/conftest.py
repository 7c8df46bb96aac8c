"""A real engine, alone or with a local cloud; nothing of the caller's environment."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import uuid
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from newcomer import Newcomer, build_wheel
from newcomer import install as install_wheel

from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.localcloud import lifecycle, moto_host
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN, REGION, Cloud
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.cloudflare.account import NAME_SERVERS as CLOUDFLARE_SERVERS
from mtasts.localcloud.control_client import Control
from mtasts.localcloud.engine import Engine, find
from mtasts.localcloud.languages.names import EXEC_SCRIPT
from mtasts.localcloud.languages.toolchain import install
from mtasts.localcloud.lifecycle import write_script
from mtasts.localcloud.project import Project
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

SECONDS = 60
# A run is short: collecting garbage takes a sixth of the engine's processor time.
COLLECTS_LATE = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
# A key from a passphrase takes the engine a sixth of a second of processor time in each run.
SECRETS = f"awskms://alias/stacks?region={REGION}"
# What the engine writes into the file of a stack whose passphrase is `test`.
UNLOCKED = "encryptionsalt: v1:ZIzMHuiX7FA=:v1:pD0cUgn3jUDe93hB:Z0xVOze/mcnHSRMepaL9yprLTJ93Sg==\n"
CONTRACT = re.compile(r"test_contract\.py::(\w+)\[(aws|cloudflare)\]")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each run that was killed needed, where such tests ran."""
    rows = [
        value
        for report in terminalreporter.stats.get("passed", ())
        for key, value in report.user_properties
        if key == "matrix" and report.when == "call"
    ]
    if rows:
        terminalreporter.section("killed runs, and what their recovery did")
        terminalreporter.write("".join(f"{row}\n" for row in sorted(rows)))
    sizes = [
        value
        for report in terminalreporter.stats.get("passed", ())
        for key, value in report.user_properties
        if key == "scale" and report.when == "call"
    ]
    if sizes:
        terminalreporter.section("stacks of many domains: first run, once more, all changed")
        terminalreporter.write("".join(f"{row}\n" for row in sorted(sizes)))
    cases = contract_cases(terminalreporter.stats)
    if cases:
        terminalreporter.section("the contract of both clouds")
        terminalreporter.write("".join(f"{row}\n" for row in cases))


def contract_cases(stats: dict[str, list[Any]]) -> list[str]:
    """A row for each case of the contract suite, a column for each cloud."""
    found: dict[str, dict[str, str]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in stats.get(outcome, ()):
            name = CONTRACT.search(report.nodeid)
            if name is not None and (report.when == "call" or outcome == "error"):
                found.setdefault(name[1], {})[name[2]] = outcome
    if not found:
        return []
    words = {name: name.removeprefix("test_").replace("_", " ") for name in sorted(found)}
    width = max(map(len, words.values()))
    rows = [f"{'':{width}}  {'aws':8} cloudflare"]
    rows += [
        f"{text:{width}}  {found[name].get('aws', '-'):8} {found[name].get('cloudflare', '-')}"
        for name, text in words.items()
    ]
    return rows


def new_stack(file: Path, backend: Path, project: str, sealed: str) -> None:
    """What ``pulumi stack init`` makes, without starting the engine for it.

    ``file`` is the file of the stack, ``sealed`` are its lines on the stack's secrets.
    """
    stack = file.stem.removeprefix("Pulumi.")
    file.write_text((file.read_text() if file.exists() else "") + sealed)
    state = backend / ".pulumi" / "stacks" / project / f"{stack}.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = {"stack": f"organization/{project}/{stack}"}
    state.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return find(os.environ, print)


@pytest.fixture
def bare_environment(engine: Engine, tmp_path: Path) -> dict[str, str]:
    """The variables of `pulumi`, which takes changes of them."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "pulumi").symlink_to(engine.binary)
    if engine.exec_script is not None:
        write_script(
            binaries / "pulumi-language-python",
            "mtasts.localcloud.languages.python",
            {EXEC_SCRIPT: str(engine.exec_script)},
        )
    return {
        "PATH": f"{binaries}:{sys.prefix}/bin:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_STACK": "dev",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **COLLECTS_LATE,
    }


@pytest.fixture
def pulumi(
    bare_environment: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the engine in ``tmp_path / "project"``; the program is its ``__main__.py``."""
    project = tmp_path / "project"
    project.mkdir()
    options = f"virtualenv: {sys.prefix}"
    (project / "Pulumi.yaml").write_text(
        f"name: p\nruntime:\n  name: python\n  options:\n    {options}\n"
    )
    new_stack(project / "Pulumi.dev.yaml", tmp_path / "backend", "p", UNLOCKED)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            executable=str(tmp_path / "bin" / "pulumi"),
            cwd=project,
            env=bare_environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with this checkout's wheel."""
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    return install_wheel(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture
def newcomer(engine: Engine, installed: Path, tmp_path: Path) -> Iterator[Newcomer]:
    del engine  # found, or built, before the clock runs
    found = Newcomer.make(installed, tmp_path)
    found.environment.update(COLLECTS_LATE)
    yield found
    found.leave()


@cache
def client(service: Any, url: str) -> Any:
    """A client of moto: making one takes a hundredth of a second."""
    return moto_host.session().client(service, endpoint_url=url)


class Lab:
    """A local cloud for the tests of one worker; each test brings domains of its own."""

    def __init__(self, cloud: Cloud, sealed: str, warmth: Mapping[str, str], folder: Path) -> None:
        self._directory = cloud.directory
        self._sealed = sealed
        self._warmth = warmth
        self._folder = folder
        self.control = Control(cloud.control, deadline_seconds=60)
        self.hosting = "aws"

    @property
    def cloud(self) -> Cloud:
        return Cloud.read(self._directory)

    def environment(self) -> dict[str, str]:
        found = lifecycle.environment(self.cloud, os.environ)
        return {**found, **COLLECTS_LATE, **self._warmth}

    def client(self, service: Any) -> Any:
        return client(service, self.cloud.aws)

    def stack(
        self,
        domains: str,
        *more: str,
        hosting: str = "",
        dns: str = "",
        mode: str = "testing",
        secrets: str = SECRETS,
    ) -> Project:
        """A project with a stack of those domains (YAML below ``mtasts:domains``), brief caches."""
        name = f"s{uuid.uuid4().hex[:8]}"
        hosting = hosting or self.hosting
        dns = dns or {"aws": "route53", "cloudflare": "cloudflare"}[hosting]
        flat = {
            "mtasts:agency": "Department of Tests",
            "mtasts:profile": "rfc",
            "mtasts:hosting": hosting,
            "mtasts:dns": dns,
            "mtasts:mode": mode,
            "mtasts:cacheSeconds": "1",
            "mtasts:proofSeconds": "5",
            "mtasts:tlsReports": "[mailto:tlsrpt@reports.example]",
        }
        if hosting == "aws":
            flat |= {"aws:region": "us-east-1", "aws:allowedAccountIds": '["123456789012"]'}
        if "cloudflare" in (hosting, dns):
            flat |= {"mtasts:cloudflareAccount": ACCOUNT_ID}
        if hosting == "cloudflare":
            flat |= {"mtasts:settleSeconds": "1"}
        lines = [f"{key}: {value}" for key, value in flat.items()]
        lines += [*more, "mtasts:domains:", *(f"  {line}" for line in domains.splitlines())]
        stacks = self._folder / name
        stacks.mkdir()
        file = stacks / f"Pulumi.{name}.yaml"
        file.write_text("config:\n" + "".join(f"  {line}\n" for line in lines))
        self.control.add_stacks(stacks)
        folder = self._folder / f"{name}-project"
        if secrets != SECRETS:
            return Project.make(folder, self.environment(), file, secrets_provider=secrets)
        return self._new(folder, file)

    def _new(self, folder: Path, file: Path) -> Project:
        """A project with a new stack of that file."""
        stack = file.stem.removeprefix("Pulumi.")
        project = replace(Project.empty(folder, self.environment()), stack=stack)
        project.stack_file.write_text(file.read_text())
        self.new_stack(project.stack_file, "mtasts")
        return project

    def new_stack(self, file: Path, project: str) -> None:
        """A stack without resources, whose secrets have the key of `SECRETS`."""
        sealed = f"secretsprovider: {SECRETS}\nencryptedkey: {self._sealed}\n"
        new_stack(file, self.cloud.directory / "backend", project, sealed)

    def add_zone(self, domain: str, dns: str = "route53") -> None:
        """Make a zone at ``dns`` with the records that are not of this program, and the mail host.

        No stack of the test brings it up, so it needs no project.
        """
        name = f"z{uuid.uuid4().hex[:8]}"
        stacks = self._folder / name
        stacks.mkdir()
        row = (f"    - name: {domain}", f"      mx: [mx1.{domain}]", "      dkimSelectors: [s1]")
        lines = ("config:", f"  mtasts:dns: {dns}", "  mtasts:domains:", *row)
        (stacks / f"Pulumi.{name}.yaml").write_text("\n".join(lines) + "\n")
        self.control.add_stacks(stacks)

    def inbox(self, folder: Path, *more: str, hosting: str = "aws") -> tuple[Project, str]:
        """A project whose stack is an inbox, and its domain.

        At AWS the domain has a zone of its own. At Cloudflare it lies in the zone of an agency that
        receives mail elsewhere, and Email Routing has it.
        """
        stack = f"i{uuid.uuid4().hex[:8]}"
        domain = f"{stack}.example"
        beside = ["aws:region: us-east-1", 'aws:allowedAccountIds: ["123456789012"]']
        if hosting == "aws":
            self.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
        else:
            beside = [f"mtasts:cloudflareAccount: {ACCOUNT_ID}"]
            row = f"    - name: {domain}\n      mx: [mx1.{domain}]\n"
            agency = f"config:\n  mtasts:dns: cloudflare\n  mtasts:domains:\n{row}"
            (folder / f"Pulumi.{stack}-agency.yaml").write_text(agency)
            domain = f"reports.{domain}"
        lines = [
            "config:",
            *(f"  {each}" for each in beside),
            "  mtasts:inbox:",
            f"    address: tlsrpt@{domain}",
            f"    hosting: {hosting}",
            *(f"    {each}" for each in more),
        ]
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text("\n".join(lines) + "\n")
        if hosting == "cloudflare":
            self.control.add_stacks(folder)
        return self._new(folder / "project", file), domain

    def activate_rules(self) -> str:
        """Have an active receipt rule set with a rule of somebody else's; its name."""
        ses, name = self.client("ses"), "inbound"
        rule = {"Name": "theirs", "Enabled": True, "Recipients": ["mail.example"]}
        if name not in [each["Name"] for each in ses.list_receipt_rule_sets()["RuleSets"]]:
            ses.create_receipt_rule_set(RuleSetName=name)
            ses.create_receipt_rule(RuleSetName=name, Rule=rule)
        ses.set_active_receipt_rule_set(RuleSetName=name)
        return name

    def program(self, source: str) -> Project:
        """A project with a program of its own, which no call to a cloud comes before."""
        project = self.stack("[]", secrets="default")
        (project.folder / "__main__.py").write_text(source)
        return project

    def records(self, domain: str) -> dict[tuple[str, str], list[str]]:
        """What the zone of ``domain`` holds, whoever has it: owner and type to values."""
        return self._records("route53" if self.cloudflare_zone(domain) is None else "", domain)

    def _records(self, dns: str, domain: str) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        if dns != "route53":
            zone = self.cloudflare_zone(domain)
            for row in self.api.get(f"/zones/{zone}/dns_records"):
                found.setdefault((row["name"], row["type"]), []).append(row["content"])
            return found
        rows = self.client("route53").list_resource_record_sets(HostedZoneId=self._zone(domain))
        for row in rows["ResourceRecordSets"]:
            values = [each["Value"] for each in row.get("ResourceRecords", [])]
            found[row["Name"].rstrip("."), row["Type"]] = values
        return found

    def put(self, domain: str, record: dict[str, Any], action: str = "UPSERT") -> None:
        """Change a record set in the zone of ``domain``, as somebody else would."""
        if (zone := self.cloudflare_zone(domain)) is None:
            batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
            self.client("route53").change_resource_record_sets(
                HostedZoneId=self._zone(domain), ChangeBatch=batch
            )
            return
        name, type_ = record["Name"], record["Type"]
        path = f"/zones/{zone}/dns_records"
        for row in self.api.get(path, name=name, type=type_):
            self.api._ask("DELETE", f"{path}/{row['id']}", {})
        for each in record["ResourceRecords"] if action == "UPSERT" else ():
            row = {"name": name, "type": type_, "content": each["Value"], "ttl": record["TTL"]}
            if type_ == "MX":  # Cloudflare has the preference apart
                preference, _, host = each["Value"].partition(" ")
                row |= {"content": host, "priority": int(preference)}
            self.api.make(path, row)

    def hosts(self, domain: str) -> list[str]:
        """What either cloud still has that serves the policy host of ``domain``."""
        host = f"mta-sts.{domain}"
        pages = self.client("cloudfront").get_paginator("list_distributions").paginate()
        found = [each for page in pages for each in page["DistributionList"].get("Items", [])]
        aliases = [alias for each in found for alias in each["Aliases"].get("Items", [])]
        scripts = [row["id"] for row in self.api.get(f"{self.api.path}/workers/scripts")]
        return [each for each in (*aliases, *scripts) if each in (host, worker_name(domain))]

    def _zone(self, domain: str) -> str:
        named = self.client("route53").list_hosted_zones_by_name(DNSName=f"{domain}.")
        zones = named["HostedZones"]  # a list of all has pages
        (found,) = [zone["Id"] for zone in zones if zone["Name"] == f"{domain}."]
        return str(found)

    def cloudflare_zone(self, domain: str) -> str | None:
        """The id of the domain's zone at Cloudflare, if there is one."""
        rows = self.api.get("/zones", name=domain)
        return rows[0]["id"] if rows else None

    @property
    def api(self) -> CloudflareAccount:
        """The v4 API, as the toolkit calls it."""
        settings = CloudflareSettings(ACCOUNT_ID, CLOUDFLARE_TOKEN, self.cloud.cloudflare)
        return CloudflareAccount(settings)

    def sts(self, domain: str) -> str | None:
        """The STS record in the zone."""
        values = self.records(domain).get((f"_mta-sts.{domain}", "TXT"))
        return values[0] if values else None

    def sts_at(self, dns: str, domain: str) -> str | None:
        """The STS record in one of two zones of the domain."""
        values = self._records(dns, domain).get((f"_mta-sts.{domain}", "TXT"))
        return values[0] if values else None

    def name_servers(self, dns: str) -> frozenset[str]:
        """The name servers of every zone at route53 or at cloudflare."""
        ours = frozenset(CLOUDFLARE_SERVERS)
        return ours if dns == "cloudflare" else frozenset(self.cloud.name_servers) - ours


@pytest.fixture(scope="session")
def sealed(_cloud: Cloud) -> str:
    """A key for the secrets of stacks, as their stack files have it: encrypted by `SECRETS`."""
    kms = moto_host.session().client("kms", endpoint_url=_cloud.aws)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/stacks", TargetKeyId=key)
    return base64.b64encode(
        kms.encrypt(KeyId=key, Plaintext=os.urandom(32))["CiphertextBlob"]
    ).decode()


@pytest.fixture(scope="session")
def _cloud(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("cloud") / "cloud"
    cloud = lifecycle.start(directory, engine, stacks=None, with_parent=True, say=print)
    yield cloud
    lifecycle.stop(directory)


@pytest.fixture
def lab(_cloud: Cloud, sealed: str, warmth: Mapping[str, str], tmp_path: Path) -> Lab:
    folder = tmp_path / "lab"
    folder.mkdir()
    return Lab(_cloud, sealed, warmth, folder)


@pytest.fixture(scope="session")
def languages(_cloud: Cloud, engine: Engine) -> None:
    """The local cloud runs programs in every language that there is an example of."""
    install(_cloud.bin, engine, os.environ, print)

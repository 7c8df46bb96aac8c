"""The reference sender beside real ones: what happens to a message, case by case.

Postfix with postfix-mta-sts-resolver delivers into the lab, so does a sender made of mailauth and
nodemailer, and `mtasts.sender.delivery` walks the same domains; where two differ, the clause that
decides is named.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from postfix import Fate, Postfix

from mtasts.localcloud.authority import Authority, Certificate
from mtasts.localcloud.lab.changes import all_of, mx, policy, put, web
from mtasts.localcloud.lab.servers import Lab
from mtasts.localcloud.lab.setup import Setup, good
from mtasts.localcloud.mail import Flavour
from mtasts.policy import parse
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.sender.delivery import send
from mtasts.sender.dialects import POSTFIX, RFC, Dialect
from mtasts.sender.machine import CachedPolicy, Conclusion, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

D, F, B = Conclusion.DELIVERED, Conclusion.DEFERRED, Conclusion.BOUNCED
_WORDS = {"sent": D, "deferred": F, "bounced": B}


@dataclass(frozen=True, slots=True)
class Case:
    """A set-up, what Postfix makes of it, and why a sender after RFC 8461 differs, if it does."""

    change: Callable[[Setup], None]
    expected: Conclusion
    rfc: Conclusion | None = None
    clause: str = ""


def two_hosts(setup: Setup) -> None:
    """The preferred host has lost its TLS, the other one is good, and both are listed."""
    setup.mx(Flavour.STRIPPED)
    setup.mail["mx2"] = Flavour.GOOD
    setup.put("@", "MX", f"10 mx1.{setup.domain}.", f"20 mx2.{setup.domain}.")
    setup.policy(mx=f"*.{setup.domain}")


def deep_host(setup: Setup) -> None:
    """A wildcard in the policy, and a host two labels below it."""
    setup.mail = {"a.b": Flavour.GOOD}
    setup.put("@", "MX", f"10 a.b.{setup.domain}.")
    setup.policy(mx=f"*.{setup.domain}")


def two_modes(setup: Setup) -> None:
    """``mode`` stands twice."""
    lines = ("version: STSv1", "mode: enforce", "mode: testing", f"mx: mx1.{setup.domain}")
    setup.serve(body="".join(f"{each}\r\n" for each in (*lines, "max_age: 86400")).encode())
    setup.mx(Flavour.STRIPPED)


STRIPPED = mx(Flavour.STRIPPED)
CASES = {
    "good": Case(all_of(), D),
    "tls12": Case(mx(Flavour.TLS12), D),
    "striptls": Case(STRIPPED, F),
    "wrong-name": Case(mx(Flavour.MISMATCH), F),
    "expired": Case(mx(Flavour.EXPIRED), F),
    "not-yet-valid": Case(mx(Flavour.NOT_YET_VALID), F),
    "self-signed": Case(mx(Flavour.SELF_SIGNED), F),
    "handshake": Case(mx(Flavour.NO_HANDSHAKE), F),
    "unlisted": Case(policy(mx="other.<domain>"), F),
    "two-hosts": Case(two_hosts, D),
    "tempfail": Case(mx(Flavour.TEMPFAIL), F),
    "testing": Case(all_of(policy(mode="testing"), STRIPPED), D),
    "testing-expired": Case(all_of(policy(mode="testing"), mx(Flavour.EXPIRED)), D),
    "none": Case(all_of(policy(mode="none"), STRIPPED), D),
    "no-record": Case(all_of(put("_mta-sts", "TXT"), STRIPPED), D),
    "two-records": Case(
        all_of(put("_mta-sts", "TXT", '"v=STSv1; id=1;"', '"v=STSv1; id=2;"'), STRIPPED), D
    ),
    "no-policy": Case(all_of(web(status=404), STRIPPED), D),
    "redirect": Case(
        all_of(web(status=301, headers=(("Location", "https://lab.example/"),)), STRIPPED), D
    ),
    "html": Case(all_of(web(media_type="text/html"), STRIPPED), D),
    "host-expired": Case(all_of(web(certificate=Certificate.EXPIRED), STRIPPED), D),
    "host-self-signed": Case(all_of(web(certificate=Certificate.SELF_SIGNED), STRIPPED), D),
    "null-mx": Case(put("@", "MX", "0 ."), B),
    "deep-host": Case(
        deep_host, D, F, "RFC 8461 section 4.1: a wildcard stands for one label, the left-most"
    ),
    "two-modes": Case(two_modes, D, F, "RFC 8461 section 3.2: of equal keys the first counts"),
}
# Domains whose policy a sender holds already, and what becomes of the host then.
CACHED = {
    "cached-gone": web(status=404),
    "cached-testing-same-id": policy(mode="testing"),
}


@contextmanager
def running(lab: Lab) -> Iterator[asyncio.AbstractEventLoop]:
    """The lab on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(lab.start(), loop).result(30)
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(lab.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def setup_of(name: str, change: Callable[[Setup], None]) -> Setup:
    setup = good(name)
    change(setup)
    return setup


@dataclass(slots=True)
class World:
    """What was delivered, by case, and how to walk the same with the reference sender."""

    reach: Reach
    fates: dict[str, Fate]
    second: dict[str, Fate]

    def walk(self, name: str, dialect: Dialect, cached: CachedPolicy | None = None) -> Sender:
        now = dt.datetime.now(dt.UTC)
        sender = Sender(f"{name}.lab.example", now, cached, dialect=dialect)
        return asyncio.run(send(sender, None, self.reach, Resolver(self.reach)))

    def conclusion(self, name: str) -> Conclusion | None:
        """What Postfix made of the message to a case."""
        return _WORDS.get(self.fates[name].status) if name in self.fates else None


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Every message sent once; a cached policy is fetched first, and then its host changes."""
    authority = Authority()
    wanted = [setup_of(name, case.change) for name, case in CASES.items()]
    wanted += [good(name) for name in CACHED]
    lab = Lab(authority, wanted, addressed=True)
    with tempfile.TemporaryDirectory() as text, running(lab) as loop:
        folder = Path(text)
        folder.chmod(0o755)
        ca_file = folder / "ca.pem"
        authority.write(ca_file)
        with Postfix(folder, ca_file) as postfix:
            first = {f"first@{name}.lab.example" for name in CACHED}
            rest = {f"e2e@{name}.lab.example" for name in CASES}
            for each in sorted(first | rest):
                postfix.submit(each)
            before = postfix.fates(first)
            assert {each.status for each in before.values()} == {"sent"}
            for name, change in CACHED.items():
                setup = setup_of(name, change)
                loop.call_soon_threadsafe(lab.web.change, f"mta-sts.{setup.domain}", setup.web)
                lab.mail.flavours[f"mx1.{setup.domain}"] = Flavour.STRIPPED
            again = {f"again@{name}.lab.example" for name in CACHED}
            for each in sorted(again):
                postfix.submit(each)
            found = postfix.fates(rest | again)
            by_case = {to.partition("@")[2].partition(".")[0]: fate for to, fate in found.items()}
            yield World(
                Reach(("127.0.0.1", 53), ca_file, allow_private=True),
                by_case,
                _by_mailauth(ca_file),
            )


def _by_mailauth(ca_file: Path) -> dict[str, Fate]:
    """What the second sender made of its messages, the cached policies known beforehand."""
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).isoformat()
    wanted: list[dict[str, object]] = [{"domain": f"{name}.lab.example"} for name in CASES]
    for name in CACHED:
        known: dict[str, object] = {"id": "1", "mode": "enforce", "mx": [f"mx1.{name}.lab.example"]}
        known |= {"version": "STSv1", "maxAge": 604_800, "expires": soon}
        wanted.append({"domain": f"{name}.lab.example", "known": known})
    ran = subprocess.run(
        [shutil.which("node") or "node", Path(__file__).with_name("mailauth_sender.mjs")],
        input=json.dumps(wanted).encode(),
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(ca_file)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    rows = map(json.loads, ran.stdout.splitlines())
    return {row["domain"].partition(".")[0]: Fate(row["fate"], row["why"]) for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_postfix_and_the_reference_sender_agree(name: str, world: World) -> None:
    case = CASES[name]
    fate = world.fates.get(name)
    assert world.conclusion(name) is case.expected, fate
    as_postfix = world.walk(name, POSTFIX)
    # The reference sender hands nothing over, so a host that refuses senders is not seen to.
    if name != "tempfail":
        assert as_postfix.conclusion is case.expected, as_postfix.story
        as_rfc = world.walk(name, RFC)
        assert as_rfc.conclusion is (case.rfc or case.expected), as_rfc.story
    assert bool(case.clause) is (case.rfc is not None)


@pytest.mark.parametrize("name", [*CASES, *CACHED])
def test_a_second_sender_follows_the_rfc_too(name: str, world: World) -> None:
    case = CASES.get(name)
    wanted = F if case is None else case.rfc or case.expected
    assert _WORDS[world.second[name].status] is wanted, world.second[name]


@pytest.mark.parametrize("name", CACHED)
def test_a_cached_policy_outlives_its_host(name: str, world: World) -> None:
    assert world.conclusion(name) is F, world.fates.get(name)
    now = dt.datetime.now(dt.UTC)
    held = CachedPolicy(parse(good(name).web.body), "1", now - dt.timedelta(seconds=60))
    walked = world.walk(name, POSTFIX, held)
    assert walked.conclusion is F, walked.story
    fresh = replace(held, fetched_at=now - dt.timedelta(days=400))
    assert world.walk(name, RFC, fresh).conclusion is D

"""The faster replacements for moto's slow calls give the same answers."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from mtasts.localcloud.moto_host import moto_running, session


def test_certificates_differ_though_they_share_a_key(monkeypatch: Any) -> None:
    made: list[object] = []
    generate = rsa.generate_private_key

    def counted(**options: Any) -> object:
        made.append(generate(**options))
        return made[-1]

    monkeypatch.setattr(rsa, "generate_private_key", counted)
    names = ("mta-sts.a.example", "mta-sts.b.example", "mta-sts.c.example")
    with moto_running() as url:
        acm = session().client("acm", endpoint_url=url)
        arns = [
            acm.request_certificate(DomainName=each, ValidationMethod="DNS")["CertificateArn"]
            for each in names
        ]
        found = [acm.describe_certificate(CertificateArn=each)["Certificate"] for each in arns]
    assert tuple(each["DomainName"] for each in found) == names
    assert len({each["Serial"] for each in found}) == len(names)
    assert {each["KeyAlgorithm"] for each in found} == {"RSA_2048"}
    assert len(made) == 1

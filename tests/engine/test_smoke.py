import uuid, pytest

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("hosting", "dns"), [("cloudflare", "cloudflare"), ("aws", "cloudflare")])
def test_it(lab, hosting, dns):
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    p = lab.stack(
        f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n", hosting=hosting, dns=dns
    )
    r = p.up()
    print(r.text)
    assert r.ok
    r = p.pulumi("preview", "--refresh", "--expect-no-changes", "--diff")
    print(r.text)
    assert r.ok
    r = p.pulumi("destroy", "--yes", "--skip-preview")
    print(r.text)
    assert r.ok

"""The zone, the MX record and MTA-STS of a domain, all in one program.

The first preview cannot know the zone's id, and says so. The first `pulumi up` creates the zone and
holds the domain, because the parent zone does not delegate to the new name servers yet. Once the
parent zone does, run `pulumi up` again.
"""

import pulumi
import pulumi_aws as aws

from mtasts.components import Agency

NAME = "my-agency-zone.example"
HOSTS = ["mx1.mail.example", "mx2.mail.example"]

zone = aws.route53.Zone("zone", name=NAME)
mx = aws.route53.Record(
    "mx",
    zone_id=zone.zone_id,
    name=NAME,
    type="MX",
    ttl=3600,
    records=[f"10 {host}." for host in HOSTS],
)
agency = Agency(
    "my-agency",
    {
        "agency": "Department of Examples",
        "hosting": "aws",
        "dns": "route53",
        "mode": "testing",
        "max_age": 604800,
        "tls_reports": [f"mailto:tls-reports@{NAME}"],
        # The zone's id from the MX record's output: so the agency waits for the MX record.
        "domains": [{"name": NAME, "mx": HOSTS, "zone_id": mx.zone_id}],
    },
)
pulumi.export("nameServers", zone.name_servers)
pulumi.export("domains", agency.domains)

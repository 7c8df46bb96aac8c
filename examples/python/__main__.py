"""The mail domains of one agency, in a program that may declare other resources, too."""

import pulumi

from mtasts.components import Agency

agency = Agency(
    "my-agency",
    {
        "agency": "Department of Examples",
        "hosting": "aws",
        "dns": "route53",
        "mode": "testing",
        "max_age": 604800,
        "tls_reports": ["mailto:tls-reports@my-agency.example"],
        "domains": [
            {"name": "my-agency.example", "mx": ["mx1.mail.example", "mx2.mail.example"]},
        ],
    },
)
pulumi.export("domains", agency.domains)

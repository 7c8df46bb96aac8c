// The mail domains of one agency, in a program that may declare other resources, too.
import * as mtasts from "@mtasts/mtasts";

const agency = new mtasts.Agency("my-agency", {
    agency: "Department of Examples",
    hosting: "aws",
    dns: "route53",
    mode: "testing",
    maxAge: 604800,
    tlsReports: ["mailto:tls-reports@my-agency.example"],
    domains: [{ name: "my-agency.example", mx: ["mx1.mail.example", "mx2.mail.example"] }],
});

export const domains = agency.domains;

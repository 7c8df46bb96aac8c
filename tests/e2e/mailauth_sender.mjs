// A sender made of mailauth (MTA-STS) and nodemailer (SMTP): one message to each domain given, and
// a line of JSON for what became of it. What is known beforehand comes as JSON on stdin.
import { createRequire } from 'node:module';
import dns from 'node:dns/promises';
import { readFileSync } from 'node:fs';

const require = createRequire(`${process.env.MTASTS_E2E_NODE}/`);
const { getPolicy, validateMx } = require('mailauth/lib/mta-sts.js');
const nodemailer = require('nodemailer');

const ca = readFileSync(process.env.NODE_EXTRA_CA_CERTS);
const PERMANENT = 500;

async function attempt(host, domain, enforced) {
    const [address] = await dns.resolve4(host);
    const transport = nodemailer.createTransport({
        host: address,
        port: 25,
        secure: false,
        requireTLS: enforced,
        connectionTimeout: 5000,
        greetingTimeout: 5000,
        socketTimeout: 5000,
        // Without an enforced policy TLS is opportunistic, which no certificate can spoil.
        tls: { servername: host, ca, rejectUnauthorized: enforced }
    });
    try {
        await transport.sendMail({
            envelope: { from: 'a@sender.lab.example', to: `node@${domain}` },
            raw: 'Subject: e2e\r\n\r\nhello\r\n'
        });
    } finally {
        transport.close();
    }
}

async function deliver(domain, known) {
    const { policy } = await getPolicy(domain, known, { strict: true });
    const enforced = policy.mode === 'enforce';
    let exchanges;
    try {
        exchanges = await dns.resolveMx(domain);
    } catch (error) {
        return { fate: 'deferred', why: String(error), policy };
    }
    if (exchanges.length === 1 && exchanges[0].exchange === '') {
        return { fate: 'bounced', why: 'null MX', policy };
    }
    let why = 'no host is listed';
    for (const { exchange } of exchanges.sort((a, b) => a.priority - b.priority)) {
        if (enforced && !validateMx(exchange, policy).valid) continue;
        try {
            await attempt(exchange, domain, enforced);
            return { fate: 'sent', why: exchange, policy };
        } catch (error) {
            why = String(error);
            if (error.responseCode >= PERMANENT && !enforced) return { fate: 'bounced', why, policy };
        }
    }
    return { fate: 'deferred', why, policy };
}

const wanted = JSON.parse(readFileSync(0, 'utf8'));
for (const { domain, known } of wanted) {
    const found = await deliver(domain, known);
    process.stdout.write(`${JSON.stringify({ domain, ...found, policy: { ...found.policy, error: undefined } })}\n`);
}

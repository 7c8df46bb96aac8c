// The main module of every Worker in the local cloud. It has the Worker's own entrypoint, and a
// second one for mail. Cloudflare calls the Worker's email() handler with a message. workerd has no
// event for mail, so the local SMTP server POSTs a message to the second entrypoint, with the
// envelope in the query.
import worker from "worker.js";

export default worker;

export const mail = {
  async fetch(request, env, ctx) {
    const envelope = new URL(request.url).searchParams;
    const raw = await request.arrayBuffer();
    let rejected = null;
    const message = {
      from: envelope.get("from"),
      to: envelope.get("to"),
      headers: headersOf(raw),
      raw: new Response(raw).body,
      rawSize: raw.byteLength,
      canBeForwarded: false,
      setReject(reason) {
        rejected = String(reason);
      },
      // As in an account without a verified destination address.
      async forward() {
        throw new Error("destination address is not verified");
      },
      async reply() {
        throw new Error("the local Email Routing sends no mail");
      },
    };
    try {
      if (typeof worker.email !== "function") {
        throw new Error("Handler does not export an email() function");
      }
      await worker.email(message, env, ctx);
    } catch (error) {
      return Response.json({ error: String(error) });
    }
    return Response.json({ rejected });
  },
};

function headersOf(raw) {
  const head = new TextDecoder().decode(raw).split(/\r?\n\r?\n/, 1)[0];
  const headers = new Headers();
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      // A line that is not a header is left out here; `raw` has it.
    }
  }
  return headers;
}

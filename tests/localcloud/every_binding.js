// A Worker that does what it is asked: by request one call of a binding, by mail what the address
// says.
export default {
  async fetch(request, env) {
    if (request.method === "GET") {
      return Response.json(Object.fromEntries(request.headers));
    }
    const { on, call, args } = await request.json();
    try {
      const found = await env[on][call](...args);
      const text = found?.text ? await found.text() : undefined;
      return Response.json({ found: found ?? null, text });
    } catch (error) {
      return Response.json({ error: error.message });
    }
  },

  async email(message, env) {
    const verb = message.to.split("@")[0];
    if (verb === "reject") {
      message.setReject(`no ${message.headers.get("subject")}`);
    } else if (verb === "throw") {
      throw new Error("R2 is away");
    } else if (verb === "forward") {
      await message.forward("somebody@elsewhere.example");
    } else {
      const raw = await new Response(message.raw).arrayBuffer();
      await env.BUCKET.put(`mail/${message.from}`, raw, {
        customMetadata: { size: String(message.rawSize), subject: message.headers.get("subject") },
      });
    }
  },
};

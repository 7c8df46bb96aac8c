// The rate limit binding, which workerd lacks (Workers docs, "Rate Limiting"): it allows `limit`
// calls in each `period` of 10 or 60 seconds for each key. Cloudflare counts in each location by
// itself; here there is one, and each upload begins at 0.
export default function (env) {
  let began = 0;
  let counts = new Map();
  return {
    async limit(options) {
      if (typeof options?.key !== "string") {
        throw new Error("invalid key");
      }
      const now = Math.floor(Date.now() / (env.period * 1000));
      if (now !== began) {
        began = now;
        counts = new Map();
      }
      const count = (counts.get(options.key) ?? 0) + 1;
      counts.set(options.key, count);
      return { success: count <= env.limit };
    },
  };
}

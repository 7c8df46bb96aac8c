// The rate limit binding, which workerd lacks (Workers docs, "Rate Limiting"): `limit` calls a
// `period` of 10 or 60 seconds for each key, counted where the Worker runs and nowhere else.
// A new upload begins to count anew.
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

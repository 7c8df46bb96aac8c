// The MTA-STS policy of example.gov, RFC 8461. Made by mtasts: an edit here is undone by its next run.
const BODY = new TextEncoder().encode("version: STSv1\r\nmode: testing\r\n");
const INIT = { headers: new Headers({"Content-Type": "text/plain", "Cache-Control": "max-age=60", "Strict-Transport-Security": "max-age=31536000"}) };
const REFUSED = { headers: {"Content-Type": "text/plain", "Allow": "GET, HEAD", "Cache-Control": "no-store"} };
let known = ""; // the last address that was right: senders all ask for the same

// The path as it was sent: a URL parser would undo dots and find the policy under other names.
function path(url) {
  const end = url.indexOf("?");
  return url.slice(url.indexOf("/", 8), end < 0 ? undefined : end);
}

export default {
  fetch(request) {
    const url = request.url;
    if (url !== known && (path(url) !== "/.well-known/mta-sts.txt" || !url.startsWith("https:"))) {
      return new Response("not found\n", { ...REFUSED, status: 404 });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("method not allowed\n", { ...REFUSED, status: 405 });
    }
    known = url;
    return new Response(BODY, INIT);
  },
};

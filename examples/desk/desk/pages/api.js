// Asking the server: requests with the token against forgery, a socket that comes back by itself, and the server's time.

let csrf = null;
let who = null;

/** What the server answered instead of what was asked for. `status` 0 means that it could not be reached. */
export class Refusal extends Error {
  constructor(status, { code = "unreachable", message = "The server cannot be reached.", reason = null, retry_after_s = null } = {}) {
    super(message);
    Object.assign(this, { status, code, reason, retry_after_s });
  }
}

/** Ask. `body` is sent as JSON, a Blob as it is. */
export async function ask(method, path, body = undefined) {
  try {
    return await askOnce(method, path, body);
  } catch (refusal) {
    // Somebody signed in anew in another tab: the same user goes on with the new session, and nobody acts as another.
    if (refusal.code !== "bad_csrf") throw refusal;
    const before = who;
    if ((await session())?.user.name === before) return askOnce(method, path, body);
    throw new Refusal(403, { code: "signed_out", message: "Somebody else has signed in with this browser; load the page again." });
  }
}

async function askOnce(method, path, body) {
  const headers = {};
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body instanceof Blob) headers["Content-Type"] = body.type || "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  const content = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: content, credentials: "same-origin" });
  } catch {
    throw new Refusal(0);
  }
  const said = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refusal(answer.status, said?.error ?? { code: "unavailable", message: "The server is not ready." });
  return said;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);

/** The bytes behind an address, as a Blob. */
export async function take(path, { method = "GET", body = undefined } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  if (!answer.ok) throw new Refusal(answer.status, { code: "unavailable", message: "The file cannot be loaded." });
  return answer.blob();
}

/** Who is signed in, or null. Remembers the token that later requests carry. */
export async function session() {
  try {
    return remember(await get("/api/session"));
  } catch (refusal) {
    if (refusal.status === 401) return null;
    throw refusal;
  }
}

export async function signIn(name, password) {
  return remember(await post("/api/sign-in", { name, password }));
}

/** End the session; where the server cannot be reached it goes on, and that is a Refusal. */
export async function signOut() {
  await post("/api/sign-out").catch((refusal) => {
    if (refusal.status !== 401) throw refusal;
  });
  csrf = null;
}

function remember(found) {
  csrf = found.csrf;
  who = found.user.name;
  return found;
}

// The server's clock, as far as its messages tell: countdowns are right though this machine's clock is not.
let ahead_us = 0;
export const now_us = () => Date.now() * 1000 + ahead_us;
export function learnTime(at_us) {
  if (at_us) ahead_us = at_us - Date.now() * 1000;
}

/** An id that nobody else makes; `crypto.randomUUID` is missing where the page did not come over https. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const PAUSE_MS_MIN = 300;
const PAUSE_MS_MAX = 8_000;
const SILENCE_MS_MAX = 15_000;
// A tick may come a little early.
const BEAT_MS_OFF = 200;
let ticking = null;

/**
 * Keep a socket open until `close()`.
 * `onOpen(send)` after each connecting, `onMessage(object)`, `onState("open" | "down" | "signed-out" | "forbidden")`.
 * A `ping` goes out every `heartbeat_ms`, and a socket on which nothing comes back is given up.
 */
export function keepConnected(path, { onOpen = () => {}, onMessage, onState = () => {}, heartbeat_ms = 5_000 }) {
  let socket = null;
  let pause_ms = PAUSE_MS_MIN;
  let waiting = null;
  let isOver = false;
  let due_ms = 0;
  let heard_ms = 0;

  const send = (message) => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };
  const open = () => {
    clearTimeout(waiting);
    waiting = null;
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    heard_ms = Date.now();
    socket.onopen = () => {
      onState("open");
      onOpen(send);
      send({ type: "ping" });
    };
    socket.onmessage = ({ data }) => {
      heard_ms = Date.now();
      // Only now: a server that accepts and closes at once is not to be asked without end.
      pause_ms = PAUSE_MS_MIN;
      onMessage(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (isOver) return;
      if (code === 4401) return onState("signed-out");
      if (code === 4403) return onState("forbidden");
      if (code === 4429) pause_ms = PAUSE_MS_MAX;
      onState("down");
      const after_ms = pause_ms * (0.75 + Math.random() / 2);
      due_ms = Date.now() + after_ms;
      waiting = setTimeout(open, after_ms);
      pause_ms = Math.min(PAUSE_MS_MAX, pause_ms * 1.7);
    };
  };
  const hurry = () => {
    if (waiting !== null && document.visibilityState === "visible") {
      pause_ms = PAUSE_MS_MIN;
      open();
    }
  };
  let beaten_ms = Date.now();
  const beat = () => {
    if (waiting !== null && Date.now() > due_ms) open();
    if (socket?.readyState !== WebSocket.OPEN || Date.now() - beaten_ms < heartbeat_ms - BEAT_MS_OFF) return;
    beaten_ms = Date.now();
    if (beaten_ms - heard_ms > SILENCE_MS_MAX) socket.close();
    else send({ type: "ping" });
  };
  ticking ??= new Worker("/static/beat.js");
  ticking.addEventListener("message", beat);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  open();
  return {
    send,
    sendBytes: (content) => socket.send(content),
    close() {
      isOver = true;
      ticking.removeEventListener("message", beat);
      clearTimeout(waiting);
      removeEventListener("online", hurry);
      document.removeEventListener("visibilitychange", hurry);
      socket?.close();
    },
  };
}

// A client of the web chat: conversations over one socket, in which nothing is lost or said twice however often it breaks.
import { keepConnected, newId, now_us } from "/static/api.js";

const PART_BYTES = 32 * 1024;
const RECEIPT_MS = 150;
const AGAIN_MS = 300;
const AGAIN_MS_MAX = 5_000;
const TYPING_MS_MAX = 12_000;
const FOREVER = new Set(["too_long", "empty", "too_many_attachments", "unknown_attachment", "not_in_conversation", "conversation_full", "no_attachments", "malformed", "frame_too_large", "erased"]);

const HEARD = new Set(["invited", "joined", "left", "message", "ack", "typing", "receipt", "status", "position", "uploaded", "refused"]);

function newConversation(id) {
  return {
    id, isJoined: false, phase: "bot", contactId: null, agents: [], last: 0, said: new Map(), unsent: [], lines: [], receipts: new Map(),
    typing: new Map(), position: null, readTo: 0, toldDelivered: 0, toldRead: 0,
  };
}

/** A message on its way out, under an id of its own. */
export const outgoing = (body, files = []) => ({ id: newId(), at_us: now_us(), body, files, state: "sending" });

/** What a page shows of a conversation, in the order of the numbers; what is on its way out comes last. */
export function entriesOf(conversation, { me, names = (agent) => agent ?? "Agent", customer = "Customer", waiting = [] }) {
  const own = (entry) => ({ ...entry, mine: true, party: me.party, who: null, kind: "said" });
  if (!conversation) return waiting.map(own);
  const others = [...conversation.receipts.values()].filter(({ party }) => party !== me.party);
  const reached = (number, what) => others.some((receipt) => receipt[what] >= number);
  const said = [...conversation.said.values()].map((message) => {
    const isMine = message.party === me.party && (me.party === "customer" || message.agent === me.agent);
    return {
      id: `${message.number}`, number: message.number, at_us: message.at_us, mine: isMine, party: message.party, body: message.body, files: message.attachments ?? [],
      who: message.party === "agent" ? names(message.agent) : message.party === "bot" ? "Assistant" : customer, kind: message.party === "bot" ? "bot" : "said",
      state: isMine ? (reached(message.number, "read") ? "read" : reached(message.number, "delivered") ? "delivered" : "sent") : null,
    };
  });
  return [...said, ...conversation.lines, ...conversation.unsent.map(own)].sort((a, b) => rank(a) - rank(b) || a.at_us - b.at_us || (a.number ?? 0) - (b.number ?? 0));
}

const rank = (entry) => (entry.state === "sending" || entry.state === "refused" ? 1 : 0);

export class WebChat {
  conversations = new Map();
  link = "connecting";
  #connection = null;
  #uploads = new Map();
  #lastUpload = Promise.resolve();
  #isReceiptDue = false;
  #isEnding = false;

  /**
   * `role` is customer or agent; `token()` gives the customer's session, `onEnded()` tells that there is none.
   * `changed(conversation, what)` after every change; `keep(entries)` what has not gone out, for the next page load.
   * `waiting` is what was written before the customer's conversation is there, as by the page that was reloaded.
   */
  constructor({ path, role, token = () => null, onEnded = () => {}, changed = () => {}, keep = () => {}, waiting = [] }) {
    Object.assign(this, { path, role, token, onEnded, changed, keep, waiting });
  }

  open() {
    this.#connection = keepConnected(this.path, {
      onOpen: (send) => this.role === "customer" ? send({ type: "hello", token: this.token(), after: this.own?.last ?? 0 }) : send({ type: "hello" }),
      onMessage: (frame) => this.#hear(frame),
      onState: (state) => {
        this.link = state;
        if (state !== "open") {
          for (const conversation of this.conversations.values()) Object.assign(conversation, { isJoined: false, typing: new Map(), toldDelivered: 0, toldRead: 0 });
          for (const { reject } of this.#uploads.values()) reject(new Error("The connection was lost; try again."));
          this.#uploads.clear();
        }
        if (state === "signed-out") this.onEnded();
        this.changed(null, "link");
      },
    });
    return this;
  }

  close() {
    this.#connection?.close();
  }

  /** The customer's only conversation. */
  get own() {
    return this.conversations.values().next().value ?? null;
  }

  #of(id) {
    if (!this.conversations.has(id)) this.conversations.set(id, newConversation(id));
    return this.conversations.get(id);
  }

  #send(frame) {
    return this.#connection?.send(frame) ?? false;
  }

  #hear(frame) {
    if (!HEARD.has(frame.type)) return;
    const conversation = frame.conversation_id ? this.#of(frame.conversation_id) : this.own;
    if (frame.type === "invited") this.#send({ type: "join", conversation_id: conversation.id, after: conversation.last });
    else if (frame.type === "joined") this.#joined(conversation, frame);
    else if (frame.type === "left") conversation.isJoined = false; // what was heard stays, for the wrap-up
    else if (frame.type === "message") this.#said(conversation, frame);
    else if (frame.type === "ack") this.#acknowledged(conversation, frame);
    else if (frame.type === "typing") this.#typing(conversation, frame);
    else if (frame.type === "receipt") this.#receipt(conversation, frame);
    else if (frame.type === "status") this.#status(conversation, frame);
    else if (frame.type === "position") conversation.position = frame.position;
    else if (frame.type === "uploaded") this.#settle(frame.upload_id, ({ resolve }) => resolve(frame.attachment));
    else if (frame.type === "refused") this.#refused(frame);
    this.changed(conversation, frame.type);
  }

  #joined(conversation, frame) {
    Object.assign(conversation, { isJoined: true, phase: frame.phase, contactId: frame.contact_id ?? null, agents: frame.agents ?? [] });
    for (const receipt of frame.receipts ?? []) this.#receipt(conversation, receipt);
    conversation.unsent.push(...this.waiting.splice(0));
    for (const entry of conversation.unsent) if (entry.state === "sending") this.#post(conversation, entry);
    if (frame.phase === "over" || frame.phase === "bot") this.#isEnding = false;
    if (this.#isEnding) this.end();
    this.askPosition();
  }

  #said(conversation, frame) {
    conversation.said.set(frame.number, frame);
    conversation.last = Math.max(conversation.last, frame.number);
    conversation.typing.delete(frame.agent ?? frame.party);
    if (frame.client_id) this.#forget(conversation, frame.client_id);
    this.#receiptSoon();
  }

  // Durable, but the message itself, with its place among the others, is still to come.
  #acknowledged(conversation, frame) {
    const entry = conversation.unsent.find((each) => each.id === frame.client_id);
    if (entry) Object.assign(entry, { state: "sent", number: frame.number, at_us: frame.at_us });
    if (conversation.said.has(frame.number)) this.#forget(conversation, frame.client_id);
    this.#keep(conversation);
  }

  #forget(conversation, clientId) {
    conversation.unsent = conversation.unsent.filter((entry) => entry.id !== clientId);
    this.#keep(conversation);
  }

  #keep(conversation) {
    this.keep([...this.waiting, ...(conversation?.unsent ?? []).filter((entry) => entry.state === "sending")]);
  }

  #typing(conversation, frame) {
    const who = frame.agent ?? frame.party;
    if (!frame.is_typing) return void conversation.typing.delete(who);
    conversation.typing.set(who, frame);
    // Who is gone says no more that it has stopped.
    setTimeout(() => {
      if (conversation.typing.get(who) !== frame) return;
      conversation.typing.delete(who);
      this.changed(conversation, "typing");
    }, TYPING_MS_MAX);
  }

  #receipt(conversation, { party, agent = null, delivered = 0, read = 0 }) {
    const key = `${party} ${agent ?? ""}`;
    const known = conversation.receipts.get(key) ?? { delivered: 0, read: 0 };
    conversation.receipts.set(key, { party, agent, delivered: Math.max(known.delivered, delivered, read), read: Math.max(known.read, read) });
  }

  #status(conversation, frame) {
    const before = conversation.agents;
    Object.assign(conversation, { phase: frame.phase, contactId: frame.contact_id ?? null, agents: frame.agents ?? [] });
    if (frame.phase === "over") this.#isEnding = false;
    if (frame.phase !== "waiting") conversation.position = null;
    for (const agent of conversation.agents) if (!before.includes(agent)) this.#line(conversation, `${agent} has joined the conversation.`);
    if (frame.phase === "over" && frame.event) this.#line(conversation, "The conversation is over.");
    this.askPosition();
  }

  #line(conversation, body) {
    if (this.role === "customer") conversation.lines.push({ id: newId(), kind: "event", at_us: now_us(), number: conversation.last, body });
  }

  #refused(frame) {
    if (frame.upload_id) this.#settle(frame.upload_id, ({ reject }) => reject(new Error(UPLOAD_FAULTS[frame.code] ?? "It was not taken.")));
    if (!frame.client_id) return;
    for (const conversation of this.conversations.values()) {
      const entry = conversation.unsent.find((each) => each.id === frame.client_id);
      if (!entry) continue;
      if (FOREVER.has(frame.code)) Object.assign(entry, { state: "refused", why: frame.code });
      else this.#postLater(conversation, entry, frame.retry_after_us);
      this.#keep(conversation);
    }
  }

  #postLater(conversation, entry, after_us = null) {
    entry.attempts = (entry.attempts ?? 0) + 1;
    const pause_ms = after_us ? after_us / 1000 : Math.min(AGAIN_MS_MAX, AGAIN_MS * entry.attempts);
    setTimeout(() => conversation.isJoined && conversation.unsent.includes(entry) && this.#post(conversation, entry), pause_ms);
  }

  #post(conversation, entry) {
    const where = this.role === "agent" ? { conversation_id: conversation.id } : {};
    this.#send({ type: "post", client_id: entry.id, body: entry.body, attachments: entry.files.map((file) => file.attachment_id), ...where });
  }

  /** Say something; it goes out as soon as it can, and again until the server has confirmed it. */
  say(id, body, files = []) {
    const conversation = id === null ? this.own : this.#of(id);
    const entry = outgoing(body, files);
    (conversation?.unsent ?? this.waiting).push(entry);
    this.#isEnding = false;
    this.read(conversation); // who answers has read
    this.#keep(conversation);
    if (conversation?.isJoined) this.#post(conversation, entry);
    this.changed(conversation, "say");
  }

  typing(id, isTyping) {
    this.#send({ type: "typing", is_typing: isTyping, ...(id === null ? {} : { conversation_id: id }) });
  }

  /** Count everything of the others as read, up to what is shown. */
  read(conversation) {
    if (conversation && conversation.last > conversation.readTo) {
      conversation.readTo = conversation.last;
      this.#receiptSoon();
      this.changed(conversation, "read");
    }
  }

  unread(conversation, me) {
    if (!conversation) return 0;
    let count = 0;
    for (const message of conversation.said.values()) if (message.number > conversation.readTo && message.party !== me.party) count += 1;
    return count;
  }

  #receiptSoon() {
    if (this.#isReceiptDue) return;
    this.#isReceiptDue = true;
    setTimeout(() => {
      this.#isReceiptDue = false;
      for (const conversation of this.conversations.values()) this.#tellReceipt(conversation);
    }, RECEIPT_MS);
  }

  #tellReceipt(conversation) {
    const { last, readTo, toldDelivered, toldRead, isJoined } = conversation;
    if (!isJoined || (last <= toldDelivered && readTo <= toldRead)) return;
    const where = this.role === "agent" ? { conversation_id: conversation.id } : {};
    if (this.#send({ type: "receipt", delivered: last, read: readTo, ...where })) Object.assign(conversation, { toldDelivered: last, toldRead: readTo });
  }

  askPosition() {
    if (this.role === "customer" && this.own?.phase === "waiting") this.#send({ type: "position" });
  }

  /** End the conversation: now, or when the connection is back, unless something more is said until then. */
  end() {
    this.#isEnding = true;
    if (this.own?.isJoined) this.#send({ type: "end" });
  }

  /** Upload a file, one after the other; what is attached to a message, or an Error in words for people. */
  upload(id, file) {
    const next = this.#lastUpload.then(() => this.#upload(id, file));
    this.#lastUpload = next.catch(() => null);
    return next;
  }

  async #upload(id, file) {
    const content = await file.arrayBuffer();
    const uploadId = newId();
    const done = new Promise((resolve, reject) => this.#uploads.set(uploadId, { resolve, reject }));
    const where = id === null ? {} : { conversation_id: id };
    const isSent = this.#send({ type: "upload", upload_id: uploadId, name: file.name || "picture.png", bytes: content.byteLength, ...where });
    for (let start = 0; isSent && start < content.byteLength && this.#uploads.has(uploadId); start += PART_BYTES) {
      this.#connection.sendBytes(content.slice(start, start + PART_BYTES));
    }
    if (!isSent) this.#settle(uploadId, ({ reject }) => reject(new Error("There is no connection; try again.")));
    return done;
  }

  #settle(uploadId, how) {
    const waiting = this.#uploads.get(uploadId);
    this.#uploads.delete(uploadId);
    if (waiting) how(waiting);
  }
}

const UPLOAD_FAULTS = {
  attachment_too_large: "The file is too large.",
  attachment_type: "Files of this kind are not taken.",
  quota: "There are too many files in this conversation.",
  no_attachments: "This chat takes no files.",
  no_contact: "Write a message first.",
  rate_limited: "Too many files at once; try again in a moment.",
};

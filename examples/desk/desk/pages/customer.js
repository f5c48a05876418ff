// The customer's page: a company's site, and a chat on it that survives reloads and lost connections.
import { get, post, session, signOut, take } from "/static/api.js";
import { Composer, Log } from "/static/chat.js";
import { Dialog, Icon, Mark, ThemeButton, html, initials, render, useEffect, useLayoutEffect, useReducer, useRef, useState } from "/static/parts.js";
import { WebChat, entriesOf, outgoing } from "/static/webchat.js";

const POSITION_MS = 5_000;
const SETTINGS_MS = 20_000;

// Until the tab is closed: others who use this machine later do not find the chat.
const kept = {
  get: (name) => JSON.parse(sessionStorage.getItem(name) ?? "null"),
  set: (name, value) => (value === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, JSON.stringify(value))),
};

function useSettings() {
  const [settings, setSettings] = useState({ queues: [], signed_in: null, attachment_size_max: 0, message_length_max: 4_000 });
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && get("/api/chat/settings").then(setSettings, () => null);
    look();
    const asking = setInterval(look, SETTINGS_MS);
    return () => clearInterval(asking);
  }, []);
  return settings;
}

const AGAIN_MS = 2_000;

/** The chat, once there is a session or the first message; before, nothing is opened. */
function useChat() {
  const [, changed] = useReducer((count) => count + 1, 0);
  const chat = useRef(null);
  // A session for what the customer has chosen; asked for until the server gives one.
  const begin = async (isStill) => {
    while (isStill() && !kept.get("token")) {
      const { queue = null, name = null } = kept.get("begun") ?? {};
      try {
        kept.set("token", (await post("/api/chat/begin", { queue_id: queue, name: name || null })).token);
      } catch (refusal) {
        await new Promise((resolve) => setTimeout(resolve, (refusal.retry_after_s ?? 0) * 1000 || AGAIN_MS));
      }
    }
  };
  const open = (first = null) => {
    const waiting = [...(kept.get("unsent") ?? []), ...(first ? [first] : [])];
    kept.set("unsent", waiting);
    const opened = new WebChat({
      path: "/api/chat/socket",
      role: "customer",
      token: () => kept.get("token"),
      onEnded: () => {
        // The session is over: what is written next begins a new one, in the same matter.
        kept.set("token", null);
        opened.close();
        open();
      },
      keep: (unsent) => kept.set("unsent", unsent),
      changed,
      waiting,
    });
    chat.current = opened;
    changed();
    begin(() => chat.current === opened).then(() => chat.current === opened && opened.open());
  };
  const start = ({ queue, name, body }) => {
    kept.set("begun", { queue, name });
    open(outgoing(body));
  };
  // Leave the conversation behind, so that another one can be begun.
  const shut = () => {
    for (const name of ["token", "unsent", "begun"]) kept.set(name, null);
    chat.current?.close();
    chat.current = null;
    changed();
  };
  useEffect(() => {
    if (kept.get("token") || kept.get("unsent")?.length) open();
    return () => {
      chat.current?.close();
      chat.current = null;
    };
  }, []);
  return [chat.current, start, shut];
}

function about(queue) {
  if (queue.waiting === 0) return "Somebody is there for you";
  const minutes = queue.estimated_wait_us === null ? null : Math.max(1, Math.round(queue.estimated_wait_us / 60e6));
  return minutes === null ? `${queue.waiting} before you` : `About ${minutes} ${minutes === 1 ? "minute" : "minutes"} to wait`;
}

function Site({ settings, onTopic, onSignOut }) {
  return html`<header class="site-head"><a class="brand" href="/"><${Mark} />Your company</a>
      <nav aria-label="Site"><a href="#plans">Internet</a><a href="#plans">Mobile</a><a href="#help" aria-current="page">Help</a></nav>
      ${settings.signed_in ? html`<span class="row small"><span class="cut">Hello, ${settings.signed_in.shown_name}</span>
        <button class="button small" type="button" onClick=${onSignOut}>Sign out</button></span>` : html`<a class="small" href="/sign-in?next=/">Sign in</a>`}
      <${ThemeButton} /></header>
    <main><section class="hero" id="help"><h1>Talk to somebody who can help</h1>
      <p>No forms and no phone trees: write to us, and a person answers. If the connection breaks or you load this page anew, your place stays yours.</p>
      <div class="topics">${settings.queues.map((queue) => html`<button class="topic" type="button" key=${queue.queue_id} onClick=${() => onTopic(queue.queue_id)}>
        <b>${queue.title}</b><span class="soft">${about(queue)}</span><span class="go">Start a chat</span></button>`)}</div></section>
    <section class="questions" id="plans" aria-label="Frequent questions"><h2>Often asked</h2>
      <details><summary>My connection is slow</summary><p>Take the power plug of the router out for ten seconds. If that does not help, write to us: we can see the line while we talk.</p></details>
      <details><summary>Where is my bill?</summary><p>It is sent on the third of each month. We can send it again, to another address if you like.</p></details>
      <details><summary>How do I move house with my contract?</summary><p>Tell us the new address two weeks before, and it works on the day you move in.</p></details></section></main>`;
}

function Start({ settings, topic, onStart }) {
  const [queue, setQueue] = useState(topic?.queue ?? null);
  const [name, setName] = useState("");
  useLayoutEffect(() => topic && setQueue(topic.queue), [topic]);
  const chosen = queue ?? settings.queues[0]?.queue_id ?? null;
  return html`<div class="start stack"><p>Hello! What is it about?</p>
      <fieldset class="choices"><legend class="unseen">Topic</legend>${settings.queues.map((each) => html`<label key=${each.queue_id}>
        <input type="radio" name="queue" value=${each.queue_id} checked=${each.queue_id === chosen} onChange=${() => setQueue(each.queue_id)} />
        <span><b>${each.title}</b><br /><span class="small soft">${about(each)}</span></span></label>`)}</fieldset>
      ${!settings.signed_in && html`<label class="field"><span>Your name, if you like</span>
        <input autocomplete="name" maxlength="60" value=${name} onInput=${(event) => setName(event.target.value)} /></label>`}</div>
    <${Composer} label="Your message" lengthMax=${settings.message_length_max} onSend=${(body) => onStart({ queue: chosen, name: name.trim(), body })} />`;
}

function Banner({ conversation, link }) {
  if (link === "down") return html`<p class="banner warn">The connection is lost. What you write is sent as soon as it is back.</p>`;
  if (!conversation) return html`<p class="banner">One moment …</p>`;
  const { position, agents } = conversation;
  // Whose agents have all left is over, though somebody may still be writing notes about it.
  const phase = conversation.phase === "active" && agents.length === 0 ? "over" : conversation.phase;
  const words = {
    asked: "We are looking for somebody for you.",
    waiting: position ? (position === 1 ? "You are next. Somebody will be with you in a moment." : `You are number ${position} in line.`) : "Somebody will be with you soon.",
    parked: "We come back to you as soon as we can.",
    over: "The conversation is over. Write again whenever you like.",
  }[phase];
  if (phase === "active" && agents.length > 1) return html`<p class="banner">${agents.join(" and ")} are here.</p>`;
  return words ? html`<p class="banner" data-phase=${phase}>${words}</p>` : null;
}

function Talk({ chat, settings }) {
  const conversation = chat.own;
  const me = { party: "customer" };
  const field = useRef(null);
  const isWaiting = conversation?.phase === "waiting";
  useEffect(() => {
    if (!isWaiting) return undefined;
    const asking = setInterval(() => chat.askPosition(), POSITION_MS);
    return () => clearInterval(asking);
  }, [isWaiting]);
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && chat.read(conversation);
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [conversation, conversation?.last]);
  const typing = [...(conversation?.typing.values() ?? [])][0];
  const entries = entriesOf(conversation, { me, names: (agent) => agent ?? "We", waiting: chat.waiting });
  const load = (file) => take(`/api/chat/attachments/${file.attachment_id}`, { method: "POST", body: { token: kept.get("token") } });
  return html`<div role="status"><${Banner} conversation=${conversation} link=${chat.link} /></div>
    <${Log} entries=${entries} label="Conversation" load=${load} />
    <p class="typing" aria-live="polite">${typing ? `${typing.agent ?? "Somebody"} is typing …` : ""}</p>
    <${Composer} label="Your message" fieldRef=${field} lengthMax=${settings.message_length_max} sizeMax=${settings.attachment_size_max} onSend=${(body, files) => chat.say(null, body, files)}
      onTyping=${(isTyping) => chat.typing(null, isTyping)} upload=${settings.attachment_size_max ? (file) => chat.upload(null, file) : null} />`;
}

function Window({ chat, settings, topic, onStart, onShut, onEnd }) {
  const [isLeaving, setLeaving] = useState(false);
  const conversation = chat?.own;
  const isTalking = conversation?.phase === "active" && conversation.agents.length > 0;
  const who = isTalking ? conversation.agents.at(-1) : "Your company";
  const isInside = conversation && !["over", "bot"].includes(conversation.phase);
  const element = useRef(null);
  useLayoutEffect(() => element.current.querySelector("textarea")?.focus(), [chat === null]);
  return html`<section class="window chat pop" aria-label="Chat" ref=${element} onKeyDown=${(event) => event.key === "Escape" && !isLeaving && onShut()}>
    <header><span class="initials" aria-hidden="true">${isTalking ? initials(who) : html`<${Mark} />`}</span>
      <div class="grow"><h2 class="cut">${who}</h2><div class="small">${isTalking ? "is here for you" : "Chat with us"}</div></div>
      ${isInside && html`<button class="button small" type="button" onClick=${() => setLeaving(true)}>End</button>`}
      <button class="button icon" type="button" aria-label="Hide the chat" onClick=${onShut}><${Icon} name="close" /></button></header>
    ${chat ? html`<${Talk} chat=${chat} settings=${settings} />` : html`<${Start} settings=${settings} topic=${topic} onStart=${onStart} />`}
    ${isLeaving && html`<${Dialog} title="End the conversation?" onClose=${() => setLeaving(false)}>
      <p>${conversation?.phase === "waiting" ? "You lose your place in line." : "The person you talk with is told."}</p>
      <div class="row end"><button class="button" type="button" onClick=${() => setLeaving(false)}>Stay</button>
        <button class="button primary" type="button" onClick=${() => { setLeaving(false); onEnd(); }}>End it</button></div><//>`}</section>`;
}

function Page() {
  const settings = useSettings();
  const [chat, start, shut] = useChat();
  const [isShown, setShown] = useState(kept.get("shown") === true);
  const [topic, setTopic] = useState(null);
  const show = (whether) => {
    kept.set("shown", whether);
    setShown(whether);
  };
  const choose = (queue) => {
    // What is written into a conversation that is over goes where it went before; another topic is another conversation.
    if (chat?.own?.phase === "over" && queue !== kept.get("begun")?.queue) shut();
    setTopic({ queue });
    show(true);
  };
  const leave = async () => {
    try {
      if (await session()) await signOut();
    } catch {
      return; // still signed in, as the page goes on to say
    }
    shut();
    location.reload();
  };
  // Who hides the chat with a key finds the way back under the cursor.
  const launcher = useRef(null);
  const wasShown = useRef(isShown);
  useLayoutEffect(() => {
    if (wasShown.current && !isShown) launcher.current.focus();
    wasShown.current = isShown;
  }, [isShown]);
  const unread = chat?.unread(chat.own, { party: "customer" }) ?? 0;
  return html`<${Site} settings=${settings} onTopic=${choose} onSignOut=${leave} />
    ${isShown ? html`<${Window} chat=${chat} settings=${settings} topic=${topic} onStart=${start} onShut=${() => show(false)} onEnd=${() => chat.end()} />`
      : html`<button class="button primary launcher" type="button" ref=${launcher} onClick=${() => show(true)}><${Icon} name="chat" />Chat with us
        ${unread > 0 && html`<span class="badge count">${unread}<span class="unseen"> unread</span></span>`}</button>`}`;
}

render(html`<${Page} />`, document.getElementById("page"));

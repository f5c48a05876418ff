// What several pages show: the bar, sign-in, dialogs, short notices, icons, times in words.
import { html, useEffect, useLayoutEffect, useRef, useState } from "/static/vendor/htm-preact-3.1.1.js";
import { now_us, post, session, signIn, signOut } from "/static/api.js";

export { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "/static/vendor/htm-preact-3.1.1.js";

const PATHS = {
  send: "M4 12 20 4l-5 16-3.5-6.5z M20 4 11.5 13.5",
  clip: "M20 11.5 12 19.4a5 5 0 0 1-7.1-7.1l8-7.9a3.4 3.4 0 0 1 4.8 4.8l-7.9 7.9a1.7 1.7 0 0 1-2.4-2.4l7.3-7.3",
  close: "M6 6l12 12 M18 6 6 18",
  bolt: "M13 3 5 13.5h6L10.5 21 19 10h-6.5z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.5 20.5a7.5 7.5 0 0 1 15 0",
  theme: "M12 3.5a8.5 8.5 0 1 0 0 17z M12 3.5a8.5 8.5 0 0 1 0 17",
  chat: "M4 5.5h16v11H11l-4.5 4v-4H4z",
  file: "M6.5 3.5h7l4 4v13h-11z M13.5 3.5v4h4",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z M12 7.5V12l3 2",
};

export function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

/** The mark of the desk: three contacts that meet one line. */
export function Mark() {
  return html`<svg viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round">
    <path d="M5 7h5c6 0 5 9 11 9 M5 25h5c6 0 5-9 11-9 M5 16h16" /><circle cx="25" cy="16" r="3.6" fill="currentColor" stroke="none" /></svg>`;
}

/** A count of seconds as a clock shows it: 0:07, 12:30, 1:02:03. */
export function clock(span_us) {
  const seconds = Math.max(0, Math.floor((span_us ?? 0) / 1e6));
  const pad = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

export function timeOfDay(at_us) {
  return new Date(at_us / 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function day(at_us) {
  const then = new Date(at_us / 1000);
  if (then.toDateString() === new Date().toDateString()) return `today, ${timeOfDay(at_us)}`;
  return then.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}

/** The same, where many moments stand below each other. */
export function moment(at_us) {
  return day(at_us).replace("today, ", "");
}

export function bytes(size) {
  if (size < 1_000) return `${size} bytes`;
  return size < 1_000_000 ? `${Math.round(size / 1_000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** An id of a configuration as people read it: `vip_loans` is "Vip loans". */
export function titled(id) {
  const words = String(id ?? "").replace(/[_-]+/g, " ");
  return words.length <= 3 ? words.toUpperCase() : words.charAt(0).toUpperCase() + words.slice(1);
}

const LETTERS = new Intl.Segmenter();

export function initials(name) {
  // By what people see as one letter, which may be several of JavaScript's.
  const words = String(name ?? "").trim().split(/\s+/).filter(Boolean).map((word) => Array.from(LETTERS.segment(word), ({ segment }) => segment));
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? ["?"]).slice(0, 2).join("")).toUpperCase();
}

/** What a customer is called; of those who gave no name as much of the id as tells them apart. */
export const nameOf = (contact) => contact.customer_name || (contact.customer_id ? `Visitor ${contact.customer_id.slice(-4)}` : "Visitor");

/** The time, again every `every_ms`, on the server's clock. */
export function useNow(every_ms = 1000) {
  const [now, setNow] = useState(now_us());
  useEffect(() => {
    const ticking = setInterval(() => setNow(now_us()), every_ms);
    return () => clearInterval(ticking);
  }, [every_ms]);
  return now;
}

/** Short notices; `tell(text)` shows one for a while. Read out by screen readers. */
export function useToasts() {
  const [toasts, setToasts] = useState([]);
  const tell = useRef((text) => {
    const toast = { text, key: Math.random() };
    setToasts((shown) => [...shown.slice(-2), toast]);
    setTimeout(() => setToasts((shown) => shown.filter((other) => other !== toast)), 6_000);
  }).current;
  const view = html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.map((toast) => html`<div class="toast pop" key=${toast.key}>${toast.text}</div>`)}</div>`;
  return [tell, view];
}

/** A dialog that is open as long as it is there; Escape and the cross close it. */
export function Dialog({ title, onClose, wide = false, children }) {
  const element = useRef(null);
  const body = useRef(null);
  const pressed = useRef(null);
  const isGone = useRef(false);
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog.open) dialog.showModal();
    // Not the cross, which comes first: whoever types at once would shut the dialog with the first blank.
    body.current.querySelector("input:checked, input, select, textarea, button")?.focus();
    // However the dialog goes, the cursor goes back to where it was; the browser sees to that when a dialog is shut.
    return () => {
      isGone.current = true;
      dialog.close();
    };
  }, []);
  // Beside the dialog, from the press on: a selection may begin in a field and end there.
  const isBeside = (event) => event.target === element.current;
  return html`<dialog ref=${element} class=${wide ? "wide pop" : "pop"} aria-labelledby="dialog-title" onClose=${() => isGone.current || onClose()}
      onMouseDown=${(event) => { pressed.current = isBeside(event); }} onClick=${(event) => pressed.current && isBeside(event) && onClose()}>
    <header><h2 id="dialog-title">${title}</h2>
      <button class="button icon" type="button" onClick=${onClose} aria-label="Close"><${Icon} name="close" /></button></header>
    <div class="body" ref=${body}>${children}</div></dialog>`;
}

// The second click of a double one does nothing: the first may have put another button under the pointer.
addEventListener("click", (event) => {
  if (event.detail < 2 || !event.target.closest?.("button")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

const THEMES = ["", "dark", "light"];
const applyTheme = (theme) => (theme ? (document.documentElement.dataset.theme = theme) : delete document.documentElement.dataset.theme);
applyTheme(localStorage.getItem("theme") ?? "");

export function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? "");
  const next = () => {
    const chosen = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem("theme", chosen);
    applyTheme(chosen);
    setTheme(chosen);
  };
  const shown = theme || "as the system";
  return html`<button class="button icon" type="button" onClick=${next} title=${`Colours: ${shown}`} aria-label=${`Colours: ${shown}`}>
    <${Icon} name="theme" /></button>`;
}

/** The bar of the staff's pages. */
export function Bar({ me, page, onSignedOut, tell, children }) {
  const leave = async () => {
    try {
      // Who is not there is offered nothing more. Chats in hand keep the presence, so that its lease gives them to others.
      if (me.user.agent_id) await post("/api/agent/presence", { presence: "offline", when_done: true }).catch(() => null);
      await signOut();
      onSignedOut();
    } catch (refusal) {
      tell(`You are still signed in. ${refusal.message}`);
    }
  };
  const isSupervisor = me.user.role === "supervisor" || me.user.role === "admin";
  return html`<header class="bar">
    <a class="brand" href=${location.pathname}><${Mark} />Desk</a>
    ${isSupervisor && me.user.agent_id && html`<nav aria-label="Pages">
      <a href="/supervisor" aria-current=${page === "supervisor" ? "page" : null}>Board</a>
      <a href="/agent" aria-current=${page === "agent" ? "page" : null}>My desk</a></nav>`}
    ${children}
    <div class="row"><span class="initials" aria-hidden="true">${initials(me.user.shown_name)}</span>
      <span>${me.user.shown_name}</span>
      <${ThemeButton} />
      <button class="button small" type="button" onClick=${leave}>Sign out</button></div></header>`;
}

function SignIn({ title, onSignedIn }) {
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const busy = useRef(false);
  const submit = async (event) => {
    event.preventDefault();
    if (busy.current) return;
    busy.current = true;
    const form = new FormData(event.target);
    setBusy(true);
    try {
      onSignedIn(await signIn(form.get("name").trim(), form.get("password")));
    } catch (refusal) {
      const wait = refusal.retry_after_s ? ` Try again in ${Math.ceil(refusal.retry_after_s)} seconds.` : "";
      setFault(refusal.code === "wrong_credentials" ? "Name or password is wrong." : refusal.message + wait);
      event.target.elements.password.select();
    } finally {
      busy.current = false;
      setBusy(false);
    }
  };
  return html`<main class="sign-in"><form class="panel stack" onSubmit=${submit}>
    <div class="brand"><${Mark} />Desk</div>
    <h1>${title}</h1>
    <label class="field"><span>Name</span><input name="name" autocomplete="username" autocapitalize="none" required autofocus /></label>
    <label class="field"><span>Password</span><input name="password" type="password" autocomplete="current-password" required /></label>
    <div role="alert">${fault && html`<p class="notice bad">${fault}</p>`}</div>
    <button class="button primary" disabled=${isBusy}>Sign in</button></form></main>`;
}

/** Show `Inside` to those who are signed in and may be here, and the way in to everybody else. */
export function Door({ title, allows, Inside }) {
  const [me, setMe] = useState(undefined);
  const [isDown, setDown] = useState(false);
  const [isForbidden, setForbidden] = useState(false);
  useEffect(() => {
    let again;
    const look = () => session().then((found) => { setDown(false); setMe(found); }, () => {
      setDown(true);
      again = setTimeout(look, 2_000);
    });
    look();
    return () => clearTimeout(again);
  }, []);
  if (me === undefined) return html`<main class="empty"><p>${isDown ? "The server cannot be reached; trying again …" : "One moment …"}</p></main>`;
  if (me === null) return html`<${SignIn} title=${title} onSignedIn=${setMe} />`;
  if (isForbidden || !allows(me.user)) {
    const leave = () => signOut().then(() => (setForbidden(false), setMe(null)), () => null);
    return html`<main class="sign-in"><div class="panel stack"><h1>Not for ${me.user.shown_name}</h1>
      <p>${isForbidden ? "The contact centre has no agent for this user." : "This page is for somebody with another role."}</p>
      <button class="button primary" type="button" onClick=${leave}>Sign in as somebody else</button></div></main>`;
  }
  return html`<${Inside} me=${me} onSignedOut=${() => setMe(null)} onForbidden=${() => setForbidden(true)} />`;
}

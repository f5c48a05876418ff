// Offers: who is waiting, how long there is to answer, and the two answers.
import { post } from "/static/api.js";
import { Icon, clock, html, initials, nameOf, titled, useLayoutEffect, useReducer, useRef, useNow } from "/static/parts.js";

const RADIUS = 17;
const ROUND = 2 * Math.PI * RADIUS;

function Countdown({ offer }) {
  const now = useNow(250);
  if (offer.expires_at_us === null) return null;
  const left_us = Math.max(0, offer.expires_at_us - now);
  const share = Math.min(1, left_us / Math.max(1, offer.expires_at_us - offer.made_at_us));
  const seconds = Math.ceil(left_us / 1e6);
  return html`<span class="ring" role="timer" aria-label=${`${seconds} seconds left`}>
    <svg viewBox="0 0 40 40" width="48" height="48" aria-hidden="true"><circle cx="20" cy="20" r=${RADIUS} /><circle class=${share < 0.3 ? "left soon" : "left"}
      cx="20" cy="20" r=${RADIUS} stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND * (1 - share)} /></svg><b aria-hidden="true">${seconds}</b></span>`;
}

/** All offers that stand, the oldest first; `answer.current("accept" | "decline")` for the keys: of the first that has no answer. */
export function OfferStack({ offers, answer, onAccepted, tell }) {
  // An answered offer stands until the socket tells that it is gone; whoever is faster answers the next one.
  const answered = useRef(new Set());
  const [, changed] = useReducer((count) => count + 1, 0);
  const open = offers.filter((offer) => !answered.current.has(offer.offer_id));
  const give = async (offer, what) => {
    if (answered.current.has(offer.offer_id)) return;
    answered.current.add(offer.offer_id);
    changed();
    // The cursor goes to the new chat: what is written until it is there belongs to no other customer.
    const writing = what === "accept" && !document.activeElement.closest("dialog") ? document.activeElement : null;
    writing?.blur();
    try {
      await post(`/api/agent/offers/${encodeURIComponent(offer.offer_id)}/${what}`, what === "decline" ? { reason: null } : undefined);
      if (what === "accept") onAccepted(offer.contact_id);
    } catch (refusal) {
      tell(refusal.reason === "offer_ended" ? "Too late: the offer is over." : refusal.message);
      answered.current.delete(offer.offer_id);
      changed();
      writing?.focus();
    }
  };
  answer.current = (what) => {
    const offer = offers.find((each) => !answered.current.has(each.offer_id));
    if (offer) give(offer, what);
  };
  return html`<aside class="offers" aria-label="Offers">
    <p class="unseen" role="status" aria-live="assertive">${offers.map((offer) => `New chat: ${nameOf(offer)}, ${titled(offer.queue_id)}.`).join(" ")}</p>
    ${offers.map((offer) => html`<${Offer} key=${offer.offer_id} offer=${offer} isFirst=${offer === open[0]} isBusy=${!open.includes(offer)}
      onAnswer=${(what) => give(offer, what)} />`)}</aside>`;
}

function Offer({ offer, isFirst, isBusy, onAnswer }) {
  const accept = useRef(null);
  useLayoutEffect(() => {
    // Whoever is writing keeps the cursor; the key Alt+A accepts all the same.
    if (document.activeElement === document.body) accept.current.focus();
  }, []);
  const waited_us = offer.waited_us ?? 0;
  return html`<section class="offer pop" role="group" aria-label=${`Offer: ${nameOf(offer)}`} data-offer=${offer.offer_id}>
    <div class="row"><span class="initials" aria-hidden="true">${initials(nameOf(offer))}</span>
      <div class="grow"><b class="cut">${nameOf(offer)}</b>
        <div class="row small soft"><span>${titled(offer.queue_id)}</span><span>waited ${clock(waited_us)}</span>
          ${offer.tier > 0 && html`<span class="badge vip"><${Icon} name="bolt" />VIP</span>`}</div></div>
      <${Countdown} offer=${offer} /></div>
    <div class="row"><button class="button primary grow" type="button" ref=${accept} disabled=${isBusy} onClick=${() => onAnswer("accept")}
        aria-keyshortcuts=${isFirst ? "Alt+A" : null}>Accept</button>
      <button class="button grow" type="button" disabled=${isBusy} onClick=${() => onAnswer("decline")}
        aria-keyshortcuts=${isFirst ? "Alt+D" : null}>Decline</button></div></section>`;
}

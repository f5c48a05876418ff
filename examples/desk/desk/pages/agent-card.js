// Who the customer is: from the history, whatever the channel was.
import { get } from "/static/api.js";
import { Icon, day, html, initials, moment, nameOf, titled, useEffect, useState } from "/static/parts.js";

const KINDS = {
  "contact.queued": "came", "contact.active": "answered", "contact.closed": "closed", "contact.abandoned": "left", "contact.transferred": "handed on",
  "contact.requeued": "waits again", "contact.cancelled": "cancelled", "contact.expired": "ran out", "leg.ended": "work ended",
  "contact.held": "on hold", "contact.resumed": "off hold", "contact.suspended": "set aside", "contact.overdue": "overdue", "contact.parked": "put aside",
  "leg.wrap_up_started": "wrap-up", "leg.wrap_up_extended": "wrap-up, longer", "leg.wrap_up_ended": "wrap-up done",
};

function useAbout(chat, what) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    let isStill = true;
    setFound(null);
    if (chat) get(`/api/agent/contacts/${encodeURIComponent(chat.contact_id)}${what}`).then((answer) => isStill && setFound(answer), () => null);
    return () => {
      isStill = false;
    };
  }, [chat?.contact_id, chat?.state]);
  return found;
}

export function CardPanel({ chat }) {
  const card = useAbout(chat, "/card");
  const notes = useAbout(chat, "")?.notes ?? [];
  if (!chat) return html`<aside class="card panel" aria-label="Customer"><header><h2>Customer</h2></header><p class="empty small">Who it is stands here.</p></aside>`;
  const name = card?.customer_name || nameOf(chat);
  const isVip = chat.tier > 0 || card?.tier > 0;
  return html`<aside class="card panel" aria-label="Customer"><header><span class="initials" aria-hidden="true">${initials(name)}</span>
      <div class="grow"><h2 class="cut" title=${card?.customer_id}>${name}</h2></div>
      ${isVip && html`<span class="badge vip"><${Icon} name="bolt" />VIP</span>`}</header>
    <div class="card-body stack">
      ${card?.remarks && html`<p class="notice warn">${card.remarks}</p>`}
      ${card && html`<${Facts} card=${card} />`}
      ${notes.length > 0 && html`<section><h3>Notes</h3><ul class="stack">${notes.map((note) =>
        html`<li class="small" key=${note.entry_id}>${note.body} <span class="soft">${note.agent_id}, ${day(note.at_us)}</span></li>`)}</ul></section>`}
      ${card?.last_contacts.length > 0 && html`<section><h3>Last contacts</h3><ol class="past">${card.last_contacts.map((past) =>
        html`<li key=${past.contact_id}><b>${moment(past.began_at_us)}</b> <span>${titled(past.queue_id ?? past.channel)}</span>
          <span class="soft">${[past.disposition ?? past.state, past.last_agent_id].filter(Boolean).join(" · ")}</span></li>`)}</ol></section>`}
      ${card?.customer_id && html`<${Timeline} key=${chat.contact_id} contactId=${chat.contact_id} />`}</div></aside>`;
}

function Facts({ card }) {
  const channels = Object.entries(card.by_channel ?? {}).map(([channel, count]) => `${count} ${channel}`).join(", ");
  return html`<dl class="facts">
    <div><dt>Contacts</dt><dd>${card.contacts}${channels && html` <span class="soft">(${channels})</span>`}</dd></div>
    ${card.first_at_us && html`<div><dt>Customer since</dt><dd>${day(card.first_at_us)}</dd></div>`}
    ${card.last_agent_id && html`<div><dt>Last with</dt><dd>${titled(card.last_agent_id)}</dd></div>`}</dl>`;
}

function Timeline({ contactId }) {
  const [entries, setEntries] = useState(null);
  const [cursor, setCursor] = useState(null);
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const more = async () => {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    setBusy(true);
    try {
      const page = await get(`/api/agent/contacts/${encodeURIComponent(contactId)}/timeline${query}`);
      setEntries((known) => [...(known ?? []), ...page.entries]);
      setCursor(page.cursor);
      setFault(null);
    } catch (refusal) {
      setFault(refusal.message);
    } finally {
      setBusy(false);
    }
  };
  const told = html`<div role="alert">${fault && html`<p class="notice">${fault}</p>`}</div>`;
  if (entries === null) return html`<button class="button small" type="button" disabled=${isBusy} onClick=${more}>Show everything so far</button>${told}`;
  return html`<section><h3>Everything so far</h3><ol class="past" tabindex="0" aria-label="Everything so far">${entries.map((entry, index) =>
    html`<li key=${index}><b>${moment(entry.at_us)}</b> <span>${entry.text ?? KINDS[entry.kind] ?? entry.kind}</span>
      <span class="soft">${[entry.text && entry.from_customer === false ? "we" : null, entry.channel, entry.agent_id].filter(Boolean).join(" · ")}</span></li>`)}</ol>
    ${cursor && html`<button class="button small" type="button" disabled=${isBusy} onClick=${more}>More</button>`}${told}</section>`;
}

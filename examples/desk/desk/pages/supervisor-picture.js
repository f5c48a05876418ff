// The last ten minutes as a picture: how many waited, and how many were talked to. Drawn from what the board has shown.
import { html, useRef } from "/static/parts.js";

const SPAN_US = 600_000_000;
const STEP_US = 2_000_000;
const [WIDTH, HEIGHT] = [340, 120];

/** The boards of the last ten minutes, one every two seconds, and the newest. */
export function useSeries(board) {
  const kept = useRef([]);
  if (!board) return [];
  const newest = { at_us: board.at_us, waiting: board.totals.waiting, active: board.totals.active };
  if ((kept.current.at(-1)?.at_us ?? 0) + STEP_US <= board.at_us) {
    kept.current = [...kept.current.filter((point) => point.at_us >= board.at_us - SPAN_US), newest];
  }
  return [...kept.current, newest];
}

export function Picture({ series }) {
  const end_us = series.at(-1)?.at_us ?? 0;
  // While there is little to show, it fills the width all the same.
  const span_us = Math.max(60_000_000, end_us - (series[0]?.at_us ?? 0));
  const most = Math.max(4, ...series.map((point) => Math.max(point.waiting, point.active)));
  const x = (point) => WIDTH - ((end_us - point.at_us) / span_us) * WIDTH;
  const y = (value) => HEIGHT - 4 - (value / most) * (HEIGHT - 12);
  // Steps, not slopes: nobody was ever half in a queue.
  const line = (key) => series.map((point, index) => `${index ? `H${x(point).toFixed(1)}V` : `M${x(point).toFixed(1)} `}${y(point[key]).toFixed(1)}`).join("");
  const first = series[0];
  const waiting = line("waiting");
  const last = series.at(-1) ?? { waiting: 0, active: 0 };
  const minutes = Math.max(1, Math.round(span_us / 60e6));
  return html`<section class="panel"><header><h2 class="grow">Last ${minutes === 1 ? "minute" : `${minutes} minutes`}</h2>
      <span class="small key waiting">waiting ${last.waiting}</span><span class="small key active">talking ${last.active}</span></header>
    <svg class="picture" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
        aria-label=${`At most ${Math.max(0, ...series.map((point) => point.waiting))} waited in this time; now ${last.waiting} wait and ${last.active} are talked to.`}>
      ${[0.25, 0.5, 0.75].map((share) => html`<line class="grid" x1="0" x2=${WIDTH} y1=${y(most * share)} y2=${y(most * share)} />`)}
      ${first && html`<path class="area" d=${`${waiting}V${HEIGHT}H${x(first).toFixed(1)}Z`} />`}
      <path class="waiting" d=${waiting} /><path class="active" d=${line("active")} /></svg></section>`;
}

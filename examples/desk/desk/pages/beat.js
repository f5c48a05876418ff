// A worker that ticks: the timers of a page that lies behind another one are slowed down to one a minute, those of its workers are not.
setInterval(() => postMessage(null), 1_000);

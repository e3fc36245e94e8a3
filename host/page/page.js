"use strict";
// The page knows nothing: all that it shows it asks for, with the token. That stays in this tab.
const by = (id) => document.getElementById(id);
const EVENTS_SHOWN = 200;
const ASK_EVERY_MS = 5000;
let token = "";
let asking = null;
let watching = null;

function takeToken() {
  // A fragment is not sent to any server, and not kept in the history.
  const given = location.hash.slice(1);
  if (/^[0-9a-f]{64}$/.test(given)) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  token = sessionStorage.getItem("token") || "";
}

function ask(path, signal) {
  return fetch(path, { headers: { Authorization: "Bearer " + token }, signal, cache: "no-store" });
}

function say(text) {
  by("live").textContent = text;
}

function lock(text) {
  sessionStorage.removeItem("token");
  token = "";
  clearInterval(asking);
  if (watching) watching.abort();
  for (const id of ["node", "peers", "events"]) by(id).hidden = true;
  by("door").hidden = false;
  by("token").value = "";
  by("token").focus();
  say(text);
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function span(secs) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([unit]) => secs >= unit);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2)
    .map(([unit, name], at) => {
      const rest = at === 0 ? secs : secs % parts[first][0];
      return Math.floor(rest / unit) + " " + name;
    }).join(" ");
}

function fact(list, name, value) {
  if (value === undefined || value === null || value === "") return;
  const row = element("div");
  row.append(element("dt", name), element("dd", value));
  list.append(row);
}

function peerItem(peer) {
  const item = element("li");
  item.append(element("h3", peer.id || peer.asked_as || "not known yet"));
  const isActive = peer.state === "active";
  const word = isActive ? peer.path : peer.state;
  const state = element("p", isActive ? "active, " + peer.path : peer.state, "state " + word);
  if (peer.has_left && !isActive) state.textContent += " (it has left)";
  state.style.margin = "0";
  item.append(state);
  const facts = element("dl");
  fact(facts, "Round trip", peer.round_trip_ms === undefined ? "" : peer.round_trip_ms.toFixed(1) + " ms");
  fact(facts, "Address", peer.address);
  fact(facts, "Relay", peer.relay);
  item.append(facts);
  if (peer.why) {
    const why = element("p", "Why: " + peer.why.text, "why");
    item.append(why);
    if (peer.why.help) item.append(element("p", "What helps: " + peer.why.help, "why"));
    const evidence = element("dl");
    fact(evidence, "Seen at", peer.why.seen_at.join(", "));
    fact(evidence, "Probes", String(peer.why.probes));
    if (peer.why.next_try_secs !== undefined) {
      fact(evidence, "Next attempt", "in " + Math.round(peer.why.next_try_secs) + " s");
    }
    item.append(evidence);
  }
  return item;
}

function show(status) {
  by("id").textContent = status.id;
  by("uptime").textContent = span(status.uptime_secs);
  by("listen").textContent = status.listen.join(", ");
  by("relays").textContent = status.relays ? "yes" : "no";
  by("count").textContent = "(" + status.active + " active, " + status.relayed + " relayed)";
  by("list").replaceChildren(...status.peers.map(peerItem));
  by("none").hidden = status.peers.length > 0;
}

async function refresh() {
  try {
    const answer = await ask("/status");
    if (answer.status === 401) return lock("the token is wrong");
    if (!answer.ok) return say("the daemon answers " + answer.status);
    show(await answer.json());
    say("live");
  } catch (error) {
    say("the daemon does not answer");
  }
}

function log(event) {
  const { event: name, payload, len, ...rest } = event;
  const words = Object.entries(rest).map(([key, value]) =>
    key + " " + (typeof value === "object" ? JSON.stringify(value) : value));
  if (len !== undefined) words.push(len + " bytes");
  const time = new Date().toLocaleTimeString();
  by("log").prepend(element("li", time + "  " + name + "  " + words.join(", ")));
  while (by("log").children.length > EVENTS_SHOWN) by("log").lastChild.remove();
}

async function watch() {
  watching = new AbortController();
  const { signal } = watching;
  while (!signal.aborted && token) {
    try {
      const answer = await ask("/events", signal);
      if (!answer.ok) throw new Error(String(answer.status));
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const lines = (text + value).split("\n");
        text = lines.pop();
        for (const line of lines) {
          if (!line.startsWith("data: ")) continue;
          const event = JSON.parse(line.slice(6));
          log(event);
          if (event.event !== "message") refresh();
        }
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    await new Promise((go) => setTimeout(go, ASK_EVERY_MS));
  }
}

function open() {
  by("door").hidden = true;
  for (const id of ["node", "peers", "events"]) by(id).hidden = false;
  refresh();
  clearInterval(asking);
  asking = setInterval(refresh, ASK_EVERY_MS);
  watch();
}

by("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", by("token").value.trim());
  takeToken();
  open();
});

takeToken();
if (token) open();
else say("give the token to look in");

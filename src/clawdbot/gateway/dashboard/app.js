// The dashboard: keeps the lists true while this browser is in, and does what the owner presses.

import { meaning } from "./actions.js";
import { ask } from "./ask.js";
import { place } from "./card.js";
import { $, complain, itemOf, now, renewTimes, say, visible } from "./dom.js";
import { enter, pause } from "./entry.js";
import * as history from "./history.js";
import { keepAccess } from "./key.js";
import { draw } from "./lists.js";
import { Unreachable } from "./socket.js";

const SETTLED_MS = 4000;
const GAP_MS = 200;
const RENEW_MS = 10_000;

const NOTHING = { senders: null, devices: null, channels: null, presence: new Map() };
const PLATFORMS = ["telegram", "whatsapp", "signal", "imessage", "discord", "slack"];

let own = "";
let socket = null;
let scopes = [];
let known = NOTHING;
let open = null;
const busy = new Set();
const settled = new Map();

async function call(method, params) {
  if (!socket) throw new Unreachable("not connected");
  return socket.call(method, params);
}

// --- what is shown ---------------------------------------------------------------------------------------------------

const covers = (wanted) =>
  scopes.includes(wanted) || scopes.includes("operator.admin") ||
  (wanted === "operator.read" && scopes.includes("operator.write"));

async function load() {
  const look = (needed, method) => (covers(needed) ? call(method) : null);
  const [devices, senders, channels, presence] = await Promise.all([
    look("operator.pairing", "device.pair.list"),
    look("operator.pairing", "dm.pair.list"),
    look("operator.read", "channels.status"),
    look("operator.read", "system-presence"),
    covers("operator.pairing") && history.refresh(),
  ]);
  known = {
    devices,
    senders,
    channels: channels && channels.channelOrder.flatMap((channel) =>
      channels.channelAccounts[channel].map(({ accountId, ...one }) => ({ ...one, channel, account: accountId }))),
    presence: new Map((presence ?? []).map((one) => [one.deviceId, one])),
  };
}

function render() {
  const before = open && new Set(open.map((one) => one.key));
  open = draw(known, { own, busy, settled });
  $("history-section").hidden = known.senders === null;
  history.show(known, places());
  const fresh = before && open?.filter((one) => !before.has(one.key));
  if (fresh?.length) say(`New request: ${fresh.map((one) => visible(one.name)).join(", ")}`);
}

/** The channel accounts that somebody can be expected on, to choose from; every platform's, if none is known. */
function places() {
  const any = () => PLATFORMS.map((channel) => ({ channel, account: "default" }));
  const accounts = known.channels?.length ? known.channels : any();
  return accounts.map(({ channel, account }) => [JSON.stringify({ channel, account }), place({ channel, account })]);
}

let refreshing = null;
let stale = false;

/** Look again. What happens while that goes on is looked at afterwards, all of it at once. */
function refresh() {
  stale = true;
  refreshing ??= (async () => {
    while (stale && socket) {
      stale = false;
      await load();
      $("lists").inert = false;
      render();
      await pause(GAP_MS);
    }
  })()
    .catch((error) => {
      if (!(error instanceof Unreachable)) complain(error.message);
    })
    .finally(() => (refreshing = null));
  return refreshing;
}

setInterval(() => {
  renewTimes();
  if (open?.some((one) => one.until <= now())) refresh();
}, RENEW_MS);

// --- what the owner presses ------------------------------------------------------------------------------------------

$("lists").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const card = button.closest("li");
  const one = card ? itemOf(card) : { kind: "everybody", key: button.id, places: places() };
  press(one, button.dataset.action, button.dataset.role);
});

async function press(one, action, role) {
  if (busy.has(one.key)) return;
  const { method, params, done, question, after } = meaning(one, action, role, known.senders);
  const given = question ? await ask(question) : {};
  if (given === null) return;
  Object.assign(params, given);
  const name = visible(one.name ?? (params.label || params.sender || "Somebody"));
  complain("");
  busy.add(one.key);
  render();
  try {
    const answer = await call(method, params);
    if (one.own && answer.token) await keepAccess({ token: answer.token, scopes });
    finished(one, name, done);
    if (after) ask(after(answer));
  } catch (error) {
    complain(`${name}: ${error.message}`);
  } finally {
    busy.delete(one.key);
    render();
    refresh();
  }
}

function finished(one, name, done) {
  say(`${name}: ${done}`);
  if (one.kind !== "sender" && one.kind !== "request") return;
  settled.set(one.key, { ...one, busy: false, settled: done });
  setTimeout(() => {
    settled.delete(one.key);
    render();
  }, SETTLED_MS);
}

// --- the beginning ---------------------------------------------------------------------------------------------------

history.begin(call, render);
addEventListener("hashchange", () => location.reload());
enter({
  opened(connected, held, device) {
    [socket, scopes, own] = [connected, held, device];
    return refresh();
  },
  /** Whatever happened: the lists tell it. Every half minute there is a tick, should an event have got lost. */
  heard(event) {
    if (event !== "shutdown") refresh();
  },
  closed() {
    socket = null;
    $("lists").inert = true;
  },
  hidden() {
    known = NOTHING;
    history.forget();
    settled.clear();
    busy.clear();
    render();
  },
});

// From what the gateway answers to cards: who waits, who is in, how the channels do.

import { $, fill, h, outside, visible, when } from "./dom.js";

const CHANNELS = { imessage: "iMessage", whatsapp: "WhatsApp" };
const DEVICE_TTL_MS = 5 * 60_000;

const channelName = (id) => CHANNELS[id] ?? visible(id[0].toUpperCase() + id.slice(1));
const place = ({ channel, account }) => channelName(channel) + (account === "default" ? "" : `, account ${visible(account)}`);
export const senderKey = ({ channel, account, id }) => `sender ${channel} ${account} ${id}`;

/** What somebody calls himself, for the title of his card; his id is beside it, and is what counts. */
function calledSender({ id, meta = {} }) {
  const full = [meta.firstName, meta.lastName].filter(Boolean).join(" ");
  return full || meta.name || meta.displayName || meta.username || meta.tag || id;
}

const calledDevice = (device) => device.displayName || device.clientId || device.deviceId.slice(0, 12);

/** Who approved somebody, with the name of the device if that is still on record. */
function named(by, devices) {
  const id = /device ([0-9a-f]{12})$/.exec(by ?? "")?.[1];
  const device = id && devices?.paired.find((one) => one.deviceId.startsWith(id));
  return device ? `${by} (${calledDevice(device)})` : by;
}

// --- what waits ------------------------------------------------------------------------------------------------------

/** Who waits, oldest first: news come at the end, and move no button under anybody's finger. */
export function waiting({ senders, devices }) {
  const people = (senders?.pending ?? []).map((one) => ({
    ...one,
    key: senderKey(one),
    kind: "sender",
    name: calledSender(one),
    at: Date.parse(one.createdAt),
    until: Date.parse(one.expiresAt),
  }));
  const known = new Map((devices?.paired ?? []).map((one) => [one.deviceId, one]));
  const machines = (devices?.pending ?? []).map((one) => ({
    ...one,
    key: `request ${one.requestId}`,
    kind: "request",
    name: calledDevice(known.get(one.deviceId) ?? one),
    at: one.ts,
    until: (one.lastSeenAtMs ?? one.ts) + DEVICE_TTL_MS,
  }));
  return [...people, ...machines].sort(byAge);
}

function drawSender(one) {
  const meta = Object.entries(one.meta ?? {}).filter(([, value]) => !one.name.includes(value)).map(([name, value]) => `${name}: ${value}`).join(", ");
  return card(one, `writes on ${place(one)}`, [
    ["Id", h("code", {}, outside(one.id, 128))],
    meta && ["Goes by", outside(meta, 200)],
    ["Code", h("code", {}, visible(one.code))],
    ["Asked", when(one.at)],
    ["Expires", when(one.until)],
  ], [
    ["approve", "Approve", "primary"],
    ["reject", "Reject"],
    ["block", "Block", "danger"],
  ]);
}

function drawRequest(one) {
  const wish = one.role === "node" ? "wants to be a node, which runs commands for you" : "wants to be an operator";
  return card(one, wish + (one.isRepair ? "; it was approved before" : ""), [
    one.scopes.length > 0 && ["May then", outside(one.scopes.join(", "), 300)],
    ["Device", h("code", {}, visible(one.deviceId.slice(0, 12)))],
    ["From", outside(one.remoteIp ?? "an address that a proxy hides")],
    one.platform && ["Platform", outside(one.platform)],
    ["Asked", when(one.at)],
    ["Expires", h("span", {}, when(one.until), ", unless it tries again")],
  ], [
    ["approve", "Approve", "primary"],
    ["reject", "Reject"],
  ]);
}

// --- who is in -------------------------------------------------------------------------------------------------------

function drawPerson(one) {
  return card(one, place(one), [
    ["Approved", one.approvedAt ? when(one.approvedAt) : "before this was noted"],
    one.by && ["By", outside(one.by, 200)],
  ], [
    ["revoke", "Revoke", "danger"],
    ["block", "Block", "danger"],
  ]);
}

function drawBlocked(one) {
  const unblock = `clawdbot pairing unblock ${one.channel} ${visible(one.id, 128)}`;
  return card(one, place(one), [
    ["Blocked", when(one.blockedAt)],
    one.by && ["By", outside(one.by, 200)],
    ["To undo", h("code", {}, unblock + (one.account === "default" ? "" : ` --account ${visible(one.account)}`))],
  ], []);
}

function drawDevice(one) {
  const active = one.roles.filter((role) => !one.tokens?.some((token) => token.role === role && token.revokedAtMs));
  const seen = Math.max(one.left, ...(one.tokens ?? []).map((token) => token.lastUsedAtMs ?? 0));
  const roles = one.roles.map((role) => (active.includes(role) ? role : `${role} (revoked)`)).join(", ");
  return card(one, one.own ? "this browser" : one.here ? "connected now" : "not connected", [
    ["Roles", visible(roles)],
    active.includes("operator") && ["May", outside((one.scopes ?? []).join(", ") || "nothing", 300)],
    ["Device", h("code", {}, visible(one.deviceId.slice(0, 12)))],
    one.remoteIp && ["From", outside(one.remoteIp)],
    one.platform && ["Platform", outside(one.platform)],
    ["Last seen", one.here || one.own ? "now" : seen > 0 ? when(seen) : "not noted"],
    ["Approved", when(one.approvedAtMs)],
    one.by && ["By", outside(one.by, 200)],
  ], [
    ["rename", "Rename"],
    ...active.flatMap((role) => [
      ["rotate", active.length > 1 ? `New ${role} token` : "New token", "", role],
      ["revoke", active.length > 1 ? `Revoke ${role}` : "Revoke", "danger", role],
    ]),
    ["remove", "Remove", "danger"],
  ]);
}

// --- how the channels do ---------------------------------------------------------------------------------------------

function drawChannel(one) {
  return card(one, one.state, [
    one.bot && ["Bot", outside(one.bot)],
    one.lastError && ["Trouble", outside(one.lastError, 400)],
    one.hint && ["Next step", outside(one.hint, 400)],
  ], [], one.connected ? "good" : one.running ? "busy" : "bad");
}

// --- cards -----------------------------------------------------------------------------------------------------------

function card(one, subtitle, facts, buttons, mood = "") {
  const name = visible(one.name);
  const button = ([action, label, look = "", role = null]) =>
    h("button", {
      type: "button",
      class: look,
      "data-action": action,
      "data-role": role,
      "aria-label": `${label} ${name}`,
      "aria-disabled": one.busy && "true",
    }, label);
  return h("li", { class: `card ${mood}` },
    h("h3", { tabindex: "-1" }, h("bdi", {}, name)),
    h("p", { class: "what" }, visible(subtitle, 200)),
    h("dl", {}, ...facts.filter(Boolean).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value)))),
    one.settled
      ? h("p", { class: "settled" }, one.settled)
      : buttons.length > 0 && h("div", { class: "actions" }, ...buttons.map(button)));
}

/** Is a device connected, and if it left a moment ago: when? */
const whereabouts = (entry) => ({
  here: entry?.reason === "connect",
  left: entry?.reason === "disconnect" ? entry.ts : 0,
});

const byAge = (one, other) => one.at - other.at || (one.key < other.key ? -1 : 1);

function section(id, items, draw) {
  const list = $(id);
  list.closest("section").hidden = items === null;
  fill(list, items ?? [], draw);
  const empty = $(`${id}-empty`);
  if (empty) empty.hidden = items === null || items.length > 0;
}

/**
 * Show everything. What this browser may not see is null, and has no section. Answers with who waits, or null.
 *
 * `busy` are the keys of cards about which something is being done; `settled` are cards that were just decided: they
 * stay a moment, without buttons, so that a second tap does not hit the next one.
 */
export function draw({ senders, devices, channels, presence }, { own, busy, settled }) {
  const keyed = (kind, key, name) => (one) => ({
    ...one,
    kind,
    key: key(one),
    name: name(one),
    by: named(one.by ?? one.approvedBy, devices),
    busy: busy.has(key(one)),
  });
  const people = (which) => senders && senders[which].map(keyed("person", senderKey, (one) => one.id));
  const open = senders || devices ? waiting({ senders, devices }).filter((one) => !settled.has(one.key)) : null;
  const asks = open?.map((one) => ({ ...one, busy: busy.has(one.key) })).concat(...settled.values()).sort(byAge) ?? null;
  section("waiting", asks, (one) => (one.kind === "sender" ? drawSender(one) : drawRequest(one)));
  section("people", people("allowed"), drawPerson);
  section("blocked", senders?.blocked.length ? people("blocked") : null, drawBlocked);
  const machines = devices?.paired
    .map(keyed("device", (one) => one.deviceId, calledDevice))
    .map((one) => ({ ...one, ...whereabouts(presence.get(one.deviceId)), own: one.deviceId === own }));
  section("devices", machines ?? null, drawDevice);
  section("channels", channels && channels.map(keyed("channel", (one) => `${one.channel} ${one.account}`, place)), drawChannel);
  $("nothing").hidden = Boolean(open || channels);
  $("waiting-count").textContent = open?.length ? String(open.length) : "";
  document.title = open?.length ? `(${open.length}) Clawdbot` : "Clawdbot";
  return open;
}

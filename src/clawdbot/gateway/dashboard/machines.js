// Devices: who waits, who is in; and how the channels do.

import { calledDevice, card } from "./card.js";
import { h, outside, visible, when } from "./dom.js";

const DEVICE_TTL_MS = 5 * 60_000;

/** The devices that wait, as items of ours. */
export function requests(devices) {
  const known = new Map((devices?.paired ?? []).map((one) => [one.deviceId, one]));
  return (devices?.pending ?? []).map((one) => ({
    ...one,
    key: `request ${one.requestId}`,
    kind: "request",
    name: calledDevice(known.get(one.deviceId) ?? one),
    at: one.ts,
    until: (one.lastSeenAtMs ?? one.ts) + DEVICE_TTL_MS,
  }));
}

/** The devices that are in. */
export const machines = ({ devices, presence }, own) => devices && devices.paired.map((one) => ({
  ...one,
  kind: "device",
  key: one.deviceId,
  name: calledDevice(one),
  by: one.approvedBy,
  own: one.deviceId === own,
  ...whereabouts(presence.get(one.deviceId)),
}));

/** Is a device connected, and if it left a moment ago: when? */
const whereabouts = (entry) => ({
  here: entry?.reason === "connect",
  left: entry?.reason === "disconnect" ? entry.ts : 0,
});

export function drawRequest(one) {
  const wish = one.role === "node" ? "wants to be a node, which runs commands for you" : "wants to be an operator";
  return card(one, wish + (one.isRepair ? "; it was approved before" : ""), [
    one.scopes.length > 0 && ["May then", outside(one.scopes.join(", "), 300)],
    ["Device", h("code", {}, visible(one.deviceId.slice(0, 12)))],
    one.checkWords && ["Check words", outside(one.checkWords)],
    ["From", outside(one.remoteIp ?? "an address that a proxy hides")],
    one.platform && ["Platform", outside(one.platform)],
    ["Asked", when(one.at)],
    ["Expires", h("span", {}, when(one.until), ", unless it tries again")],
  ], [
    ["approve", "Approve", "primary"],
    ["reject", "Reject"],
  ]);
}

export function drawDevice(one) {
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

export function drawChannel(one) {
  return card(one, one.state, [
    one.bot && ["Bot", outside(one.bot)],
    one.lastError && ["Trouble", outside(one.lastError, 400)],
    one.hint && ["Next step", outside(one.hint, 400)],
  ], [], one.connected ? "good" : one.running ? "busy" : "bad");
}

// People who write to the bot: who waits, who is in, who is expected, who is shut out.

import { card, place } from "./card.js";
import { h, outside, visible, when } from "./dom.js";

/** The owner's own name for somebody, or what he calls himself; his id is beside it, and is what counts. */
function called({ id, label, meta = {} }) {
  const full = [meta.firstName, meta.lastName].filter(Boolean).join(" ");
  return label || full || meta.name || meta.displayName || meta.username || meta.tag || id;
}

/** Everybody in the gateway's lists as an item of ours; null if this browser may not know. */
export function people(senders) {
  if (!senders) return null;
  const key = (kind, { channel, account, id }) => `${kind} ${channel} ${account} ${id}`;
  const item = (kind) => (one) => ({ ...one, kind, key: key(kind, one), name: called(one) });
  const times = ({ createdAt, expiresAt }) => ({ at: Date.parse(createdAt), until: Date.parse(expiresAt) });
  const shut = [...senders.blocked, ...senders.quiet];
  return {
    waiting: senders.pending.map(item("sender")).map((one) => ({ ...one, ...times(one) })),
    allowed: senders.allowed.map(item("person")),
    expected: senders.expected.map(item("expected")),
    shut: shut.map(item("shut")),
    invites: senders.invites.map(item("invite")).map((one) => ({ ...one, name: one.label || `Invite ${one.id}` })),
  };
}

/** Who else is known on somebody's account, to choose from: neither himself nor linked with him. */
export function others(one, senders) {
  const known = ["allowed", "pending", "expected", "blocked", "quiet"].flatMap((list) => senders[list]);
  return known
    .filter(({ channel, account }) => channel === one.channel && account === one.account)
    .filter(({ id }) => id !== one.id && !one.linked?.includes(id))
    .map((other) => [other.id, visible(called(other) === other.id ? other.id : `${called(other)} (${other.id})`, 128)]);
}

const id = (one) => ["Id", h("code", {}, outside(one.id, 128))];
const until = (term, one) => one.until && [term, when(one.until)];
const also = (one) => one.linked && ["Also", h("code", {}, outside(one.linked.join(", "), 200))];
const by = (one) => one.by && ["By", outside(one.by, 200)];

export function drawSender(one) {
  const others = Object.entries(one.meta ?? {}).filter(([, value]) => !one.name.includes(value));
  const meta = others.map(([name, value]) => `${name}: ${value}`).join(", ");
  return card(one, `writes on ${place(one)}`, [
    id(one),
    also(one),
    meta && ["Goes by", outside(meta, 200)],
    ["Code", h("code", {}, visible(one.code))],
    ["Asked", when(one.at)],
    ["Expires", when(one.until)],
    one.held && ["Message", "is kept until you decide"],
  ], [
    ["approve", "Approve", "primary"],
    ["approve-for", "Approve for…"],
    ["reject", "Reject"],
    ["reject-for", "Reject for…"],
    ["block", "Block", "danger"],
  ]);
}

export function drawPerson(one) {
  return card(one, place(one), [
    one.label && id(one),
    also(one),
    ["Approved", one.approvedAt ? when(one.approvedAt) : "before this was noted"],
    by(one),
    until("Ends", one),
  ], [
    one.until && ["extend", "Extend"],
    ["label", "Label"],
    ["link", "Link"],
    one.linked && ["unlink", "Unlink"],
    ["revoke", "Revoke", "danger"],
    ["block", "Block", "danger"],
  ]);
}

export function drawExpected(one) {
  return card(one, place(one), [
    one.label && id(one),
    also(one),
    one.expectedAt && ["Announced", when(one.expectedAt)],
    by(one),
    until("Until", one),
  ], [["revoke", "Do not expect", "danger"]]);
}

export function drawInvite(one) {
  const left = one.usesLeft === 1 ? "one person" : `${one.usesLeft} people`;
  return card(one, `${place(one)}: ${one.usesLeft ? `lets in ${left}` : "used up"}`, [
    one.label && id(one),
    by(one),
    until("Until", one),
    one.lastingMs && ["Who comes", `is in for ${Math.ceil(one.lastingMs / 86_400_000)} days at most`],
  ], [["uninvite", "Void", "danger"]]);
}

/** Who is blocked, and who was turned away for a time; both with the way back. */
export function drawShut(one) {
  return card(one, `${place(one)}: ${one.blockedAt ? "blocked" : "turned away for a time"}`, [
    one.label && id(one),
    also(one),
    one.blockedAt && ["Blocked", when(one.blockedAt)],
    by(one),
    until("Until", one),
  ], [["unblock", one.blockedAt ? "Unblock" : "Let ask again"]]);
}

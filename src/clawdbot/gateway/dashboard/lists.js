// The page's lists: what the gateway answers, put where it belongs.

import { named, place } from "./card.js";
import { $, fill } from "./dom.js";
import { drawChannel, drawDevice, drawRequest, machines, requests } from "./machines.js";
import { drawExpected, drawInvite, drawPerson, drawSender, drawShut, people } from "./people.js";

const byAge = (one, other) => one.at - other.at || (one.key < other.key ? -1 : 1);

const channelItem = (one) => ({ ...one, key: `${one.channel} ${one.account}`, name: place(one) });

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
 * stay a moment, without buttons, so that a second tap does not hit the next one. Of those who wait, the oldest is
 * first: news come at the end, and move no button under anybody's finger.
 */
export function draw(known, { own, busy, settled }) {
  const { devices, channels } = known;
  const item = (one) => ({ ...one, by: named(one.by, devices), busy: busy.has(one.key) });
  const shown = (items) => items?.map(item) ?? null;
  const lists = people(known.senders);
  const waiting = lists || devices ? [...(lists?.waiting ?? []), ...requests(devices)].sort(byAge) : null;
  const open = waiting?.filter((one) => !settled.has(one.key)) ?? null;
  const asks = shown(open)?.concat(...settled.values()).sort(byAge) ?? null;
  section("waiting", asks, (one) => (one.kind === "sender" ? drawSender(one) : drawRequest(one)));
  section("people", shown(lists?.allowed), drawPerson);
  section("expected", shown(lists?.expected), drawExpected);
  section("invites", lists?.invites.length ? shown(lists.invites) : null, drawInvite);
  section("blocked", lists?.shut.length ? shown(lists.shut) : null, drawShut);
  section("devices", shown(machines(known, own)), drawDevice);
  section("channels", channels?.map(channelItem) ?? null, drawChannel);
  $("nothing").hidden = Boolean(open || channels);
  $("waiting-count").textContent = open?.length ? String(open.length) : "";
  document.title = open?.length ? `(${open.length}) Clawdbot` : "Clawdbot";
  return open;
}

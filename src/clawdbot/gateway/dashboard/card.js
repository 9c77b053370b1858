// Cards: how somebody or something looks in a list, whatever it is.

import { h, visible } from "./dom.js";

const CHANNELS = { imessage: "iMessage", whatsapp: "WhatsApp" };

const channelName = (id) => CHANNELS[id] ?? visible(id[0].toUpperCase() + id.slice(1));

export const place = ({ channel, account }) =>
  channelName(channel) + (account === "default" ? "" : `, account ${visible(account)}`);

export const calledDevice = (device) => device.displayName || device.clientId || device.deviceId.slice(0, 12);

/** Who decided, with the name of the device if that is still on record. */
export function named(by, devices) {
  const id = /device ([0-9a-f]{12})$/.exec(by ?? "")?.[1];
  const device = id && devices?.paired.find((one) => one.deviceId.startsWith(id));
  return device ? `${by} (${calledDevice(device)})` : by;
}

/** `facts` are [term, value], `buttons` are [action, label, look, role]; of both, what is false is left out. */
export function card(one, subtitle, facts, buttons, mood = "") {
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
      : buttons.length > 0 && h("div", { class: "actions" }, ...buttons.filter(Boolean).map(button)));
}

// What the buttons do: for each kind of card and each button the call, and the question before it where there is one.

import { visible } from "./dom.js";

const of = ({ channel, account }) => ({ channel, account });

const block = (one) => ({
  method: "dm.pair.block",
  params: { ...of(one), sender: one.id },
  done: "Blocked",
  question: {
    title: `Block ${visible(one.name)}?`,
    text: "No answer any more, also not to a new request, until you take it back on the gateway's machine.",
    yes: "Block",
    danger: true,
  },
});

const ACTIONS = {
  sender: {
    approve: (one) => ({ method: "dm.pair.approve", params: { ...of(one), code: one.code }, done: "Approved" }),
    reject: (one) => ({ method: "dm.pair.reject", params: { ...of(one), code: one.code }, done: "Rejected" }),
    block,
  },
  person: {
    revoke: (one) => ({
      method: "dm.pair.revoke",
      params: { ...of(one), sender: one.id },
      done: "Revoked",
      question: {
        title: `Revoke ${visible(one.name)}?`,
        text: "The bot does not answer this person any more, who may ask again.",
        yes: "Revoke",
        danger: true,
      },
    }),
    block,
  },
  request: {
    approve: (one) => ({ method: "device.pair.approve", params: { requestId: one.requestId }, done: "Approved" }),
    reject: (one) => ({ method: "device.pair.reject", params: { requestId: one.requestId }, done: "Rejected" }),
  },
  device: {
    rename: (one) => ({
      method: "device.rename",
      params: { deviceId: one.deviceId },
      done: "Renamed",
      question: {
        title: `Rename ${visible(one.name)}`,
        text: "Your own name for this device. What it calls itself does not change it.",
        yes: "Rename",
        input: { caption: "Name", value: visible(one.name, 100), param: "displayName" },
      },
    }),
    rotate: (one, role) => ({
      method: "device.token.rotate",
      params: { deviceId: one.deviceId, role },
      done: "It has a new token",
      question: {
        title: `A new token for ${visible(one.name)}?`,
        text: one.own
          ? "This browser gets it at once."
          : `Its connections as ${role} end. It comes back with the gateway's token or password, or has to be paired anew.`,
        yes: "New token",
      },
    }),
    revoke: (one, role) => ({
      method: "device.token.revoke",
      params: { deviceId: one.deviceId, role },
      done: "Revoked",
      question: {
        title: `Revoke ${visible(one.name)} as ${role}?`,
        text: one.own
          ? "That is this browser: you will need a new link to come back."
          : "Its connections end at once. It comes back only if you approve it again.",
        yes: "Revoke",
        danger: true,
      },
    }),
    remove: (one) => ({
      method: "device.pair.remove",
      params: { deviceId: one.deviceId },
      done: "Removed",
      question: {
        title: `Remove ${visible(one.name)}?`,
        text: one.own
          ? "That is this browser: you will need a new link to come back."
          : "Its connections end at once, and it is forgotten. It may ask again as a stranger.",
        yes: "Remove",
        danger: true,
      },
    }),
  },
};

/** What a button means: {method, params, done, question?}. */
export const meaning = (one, action, role) => ACTIONS[one.kind][action](one, role);

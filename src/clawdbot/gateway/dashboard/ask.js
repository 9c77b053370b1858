// One question at a time, in the browser's own modal dialog: it keeps the focus, and gives it back.

import { $ } from "./dom.js";

/**
 * Ask. Answers null if the owner thinks better of it; otherwise what he typed, or "" where there is nothing to type.
 * `text` may hold elements; `input` is {caption, value} if there is something to type.
 */
export function ask({ title, text, yes, danger = false, input = null }) {
  const dialog = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").replaceChildren(...[text].flat());
  $("ask-yes").textContent = yes;
  $("ask-yes").className = danger ? "danger" : "primary";
  $("ask-label").hidden = input === null;
  $("ask-caption").textContent = input?.caption ?? "";
  $("ask-input").value = input?.value ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  if (input) $("ask-input").select();
  else $("ask-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? $("ask-input").value.trim() : null), {
      once: true,
    });
  });
}

$("ask-yes").addEventListener("click", () => $("ask").close("yes"));
$("ask-no").addEventListener("click", () => $("ask").close(""));
$("ask-input").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault(); // or the button that gets the focus back would be pressed by the same key
  $("ask").close("yes");
});

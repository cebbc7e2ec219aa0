// A page that a link in a mail opens. The link's secret is after its "#", which browsers do not send to a server.
//
// The page has one form. Its named fields and the secret are sent as JSON to data-action; after success, data-done is shown.
// A field with data-same-as must repeat another field. The problem of a field is shown in the element <id>-problem.
"use strict";

const form = document.querySelector("form[data-action]");
const message = document.getElementById("message");
const secret = new URLSearchParams(location.hash.slice(1)).get("token");

function say(text, isProblem) {
  message.textContent = text;
  message.className = isProblem ? "problem" : "";
}

// The element that had the focus may be hidden or disabled now, so focus the message.
function sayAndShow(text, isProblem) {
  say(text, isProblem);
  message.focus();
}

function problemOf(field, text) {
  const place = document.getElementById(`${field.id}-problem`);
  place.textContent = text;
  field.setAttribute("aria-invalid", text ? "true" : "false");
}

function fields() {
  return [...form.elements].filter((element) => element.tagName === "INPUT");
}

function clearProblems() {
  say("", false);
  fields().forEach((field) => problemOf(field, ""));
}

// Returns false and focuses the field if a field does not repeat the other.
function repeatsAgree() {
  const wrong = fields().find((field) => field.dataset.sameAs && field.value !== form.elements[field.dataset.sameAs].value);
  if (wrong) {
    problemOf(wrong, "This does not match the field above.");
    wrong.focus();
  }
  return !wrong;
}

// An error response of the API: one error, or one for each field.
function showRefusal(answer, retryAfter) {
  const others = [];
  for (const { field, message: text } of answer.errors ?? []) {
    const named = field && form.elements[field];
    if (named) {
      problemOf(named, text);
      named.focus();
    } else {
      others.push(text);
    }
  }
  const wait = retryAfter ? ` Try again in ${retryAfter} seconds.` : "";
  const text = others.join(" ") || answer.error || "";
  if (text || !answer.errors) {
    sayAndShow(`${text || "The request failed."}${wait}`, true);
  }
}

async function send() {
  const named = fields().filter((field) => field.name);
  const content = Object.fromEntries(named.map((field) => [field.name, field.value]));
  const response = await fetch(form.dataset.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...content, token: secret }),
    credentials: "omit",
    redirect: "error",
  });
  if (response.ok) {
    form.hidden = true;
    form.reset();
    sayAndShow(form.dataset.done, false);
  } else {
    showRefusal(await response.json(), response.headers.get("Retry-After"));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblems();
  if (!repeatsAgree()) {
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send();
  } catch {
    sayAndShow("The service could not be reached. Check your connection and try again.", true);
  } finally {
    button.disabled = false;
  }
});

// Another link, opened in the same tab, differs only after the "#", so the browser would not load the page again.
addEventListener("hashchange", () => location.reload());
// Remove the secret from the address bar and the history.
history.replaceState(null, "", location.pathname);
if (secret) {
  form.hidden = false;
} else {
  say("This link is not complete. Open the link in the mail again, or request a new one.", true);
}

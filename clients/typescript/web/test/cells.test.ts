/** What stands in the tables of the operator's page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CALLERS,
  type CallerRow,
  CALLS,
  type Column,
  DAYS,
  DEPLOYMENTS,
  health,
  moment,
  SPEND,
} from "../admin/cells.js";
import type { Budget, Call, Caller, Deployment, Health } from "../admin/status.js";
import { ago, span } from "../format.js";

const NOW = Date.parse("2026-01-31T12:00:00Z");

const DEPLOYMENT: Deployment = {
  id: "draw:gemini:0",
  name: "draw",
  provider: "gemini",
  model: "m",
  address: "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
  state: "available",
  cooldown_seconds: null,
  asked_by_provider: false,
  failures_in_a_row: 0,
  running: 0,
  models: [],
  attempts: {},
  recent_failures: [],
};
const BUDGET: Budget = {
  usd_per_day: 5,
  usd_here: 5,
  left_usd: 3.25,
  resets_in_seconds: 18_000,
  for_each_subject: false,
};
const CALLER: Caller = {
  name: "team",
  revoked: false,
  calls: 1234,
  failed: 2,
  pictures: 7,
  usd: 0.039,
  limits: { calls_at_once: null, requests_per_minute: null, pictures_per_minute: null },
  budget: null,
};
const CALL: Call = {
  time: "2026-01-31T11:59:50Z",
  request_id: "0123456789abcdef0123456789abcdef",
  caller: "team",
  method: "/imagewire.v1.ChatService/StreamCompletion",
  model: "gemini/m",
  deployment: "draw:gemini:0",
  status: "OK",
  reason: "OK",
  seconds: 7.5,
  first_image_byte_seconds: 3.25,
  attempts: [{ deployment: "draw:gemini:0", reason: "OK" }],
  pictures: 1,
  image_bytes: 1_500_000,
  tokens: 1290,
  charged: "yes",
  usd: 0.039,
};

/** A row's cells by the titles of their columns. */
function cells<T>(columns: readonly Column<T>[], row: T, age = 0) {
  return Object.fromEntries(columns.map(({ title, cell }) => [title, cell(row, NOW, age)]));
}

/** Its texts, each with its second line. */
function texts<T>(columns: readonly Column<T>[], row: T): string[] {
  return columns.map(({ cell }) => {
    const { text, more } = cell(row, NOW, 0);
    return more ? `${text} | ${more}` : text;
  });
}

void test("times are as long as a person needs them", () => {
  const spans = [-5, 400, 8000, 59_400, 60_000, 3_500_000, 3_600_000, 47 * 3_600_000, 72 * 3_600_000].map(span);
  assert.deepEqual(spans, ["0 s", "0 s", "8 s", "59 s", "1 min", "58 min", "1 h", "47 h", "3 days"]);
  assert.deepEqual([-9000, 0, 8000].map(ago), ["just now", "just now", "8 s ago"]);
  assert.deepEqual(moment("2026-01-31T11:59:30Z", NOW), { text: "30 s ago", time: "2026-01-31T11:59:30Z" });
});

void test("a deployment's state, why, and for how long", () => {
  const told = (given: Partial<Health>, age = 0) => {
    const { text, more, tone } = health({ ...DEPLOYMENT, ...given }, age);
    return [text, more, tone];
  };
  assert.deepEqual(told({}), ["Available", undefined, "good"]);
  assert.deepEqual(told({ failures_in_a_row: 1 }), ["Available", "1 failure", "good"]);
  const cooling = { state: "cooling_down", cooldown_seconds: 33, failures_in_a_row: 4 } as const;
  assert.deepEqual(told(cooling), ["Cooling down, 33 s left", "after 4 failures in a row", "wrong"]);
  assert.deepEqual(told({ ...cooling, asked_by_provider: true }, 13_000), [
    "Cooling down, 20 s left",
    "as the provider asked",
    "wrong",
  ]);
  assert.equal(told(cooling, 60_000)[0], "Cooling down, 0 s left");
  assert.deepEqual(told({ state: "half_open" }), ["Half open", "one call tries whether it works again", "waiting"]);
});

void test("a deployment", () => {
  assert.deepEqual(texts(DEPLOYMENTS, DEPLOYMENT), [
    "draw | draw:gemini:0",
    "Available",
    "0",
    "0",
    "0",
    "–",
    "gemini/m | generativelanguage.googleapis.com",
  ]);
  const busy = cells(DEPLOYMENTS, {
    ...DEPLOYMENT,
    address: "us-central1",
    running: 2,
    attempts: { OK: 12_345, UPSTREAM_UNAVAILABLE: 2, UPSTREAM_RATE_LIMITED: 1, ABANDONED: 9 },
    recent_failures: [{ time: "2026-01-31T11:00:00Z", reason: "UPSTREAM_UNAVAILABLE" }],
  });
  assert.equal(busy.Running?.text, "2");
  assert.equal(busy.Answered?.text, "12,345");
  assert.deepEqual(busy.Failed, { text: "3", exact: "UPSTREAM_UNAVAILABLE 2, UPSTREAM_RATE_LIMITED 1" });
  assert.deepEqual([busy["Last failure"]?.text, busy["Last failure"]?.more], ["1 h ago", "UPSTREAM_UNAVAILABLE"]);
  assert.equal(busy["Model and address"]?.more, "us-central1");
  const nowhere = cells(DEPLOYMENTS, { ...DEPLOYMENT, address: "" });
  assert.deepEqual(nowhere["Model and address"], { text: "gemini/m" });
});

void test("a wildcard names the models that do not answer", () => {
  const of = { state: "cooling_down", cooldown_seconds: 9, asked_by_provider: false, failures_in_a_row: 3 } as const;
  const half = { ...of, state: "half_open", cooldown_seconds: null, model: "b" } as const;
  const { State: state } = cells(DEPLOYMENTS, { ...DEPLOYMENT, ...of, models: [{ ...of, model: "a" }, half] });
  assert.equal(state?.text, "Cooling down, 9 s left");
  assert.equal(state.more, "a: cooling down, 9 s left; b: half open");
});

void test("a caller, one that is revoked, and all others", () => {
  assert.deepEqual(texts(CALLERS, CALLER), ["team", "1,234", "2", "7", "$0.039", "–", "–"]);
  const limits = { calls_at_once: 10, requests_per_minute: 6000, pictures_per_minute: null };
  assert.equal(cells(CALLERS, { ...CALLER, limits }).Limits?.text, "10 calls at once, 6,000 requests a minute");
  assert.equal(texts(CALLERS, { ...CALLER, revoked: true, limits: null })[0], "team | revoked");
  const others: CallerRow = { name: "", calls: 3, usd: 0 };
  assert.deepEqual(texts(CALLERS, others), [
    "All others | master key, without a key, refused",
    "3",
    "–",
    "–",
    "$0",
    "–",
    "–",
  ]);
});

void test("what is left of a budget", () => {
  const told = (given: Partial<Budget>) => {
    const found = cells(CALLERS, { ...CALLER, budget: { ...BUDGET, ...given } })["Budget today"];
    return [found?.text, found?.more, found?.tone];
  };
  assert.deepEqual(told({}), ["$3.25 of $5.00 left", "anew in 5 h", undefined]);
  assert.deepEqual(told({ left_usd: 0.0123 }), ["$0.0123 of $5.00 left", "anew in 5 h", "wrong"]);
  assert.deepEqual(told({ usd_here: 2.5, left_usd: 1 }), [
    "$1.00 of $2.50 left here, of $5.00",
    "anew in 5 h",
    undefined,
  ]);
  assert.deepEqual(told({ usd_here: null, left_usd: null }), [
    "$5.00 a day",
    "what is left is not known now",
    "waiting",
  ]);
  assert.deepEqual(told({ for_each_subject: true }), ["$5.00 a day", "for each subject of its tokens", undefined]);
});

void test("a call", () => {
  const { Ended: ended, Took: took, ...others } = cells(CALLS, CALL);
  assert.deepEqual(ended, { text: "10 s ago", time: CALL.time });
  assert.deepEqual(took, { text: "7.5 s", exact: "7.5 s, 3.25 s until a picture began" });
  assert.deepEqual(
    Object.values(others).map(({ text }) => text),
    ["OK", "StreamCompletion", "team", "gemini/m", "1", "1", "1.5 MB", "1,290", "$0.039", "01234567…"],
  );
  assert.equal(others.Request?.exact, CALL.request_id);
  assert.equal(others.Bytes?.exact, "1,500,000 bytes");
});

void test("a call that failed, that was cancelled, and what it may have cost", () => {
  const one = { ...CALL, first_image_byte_seconds: null, usd: null };
  const failed = cells(CALLS, {
    ...one,
    reason: "KEY_INVALID",
    status: "401",
    model: "",
    attempts: [],
    charged: "no",
    tokens: 0,
    image_bytes: 0,
  });
  assert.deepEqual(failed.Result, { text: "KEY_INVALID", more: "401", tone: "wrong" });
  assert.equal(failed.Took?.exact, "7.5 s");
  const empty = ["Model", "Bytes", "Tokens", "Cost"].map((title) => failed[title]?.text);
  assert.deepEqual(empty, ["–", "–", "–", "–"]);
  assert.deepEqual(cells(CALLS, { ...one, reason: "CANCELLED", charged: "maybe" }).Result?.text, "Cancelled");
  assert.equal(cells(CALLS, { ...one, charged: "maybe" }).Cost?.text, "maybe charged");
  assert.equal(cells(CALLS, { ...one, charged: "yes" }).Cost?.text, "unknown");
  assert.equal(cells(CALLS, { ...CALL, request_id: "mine" }).Request?.text, "mine");
});

void test("spend", () => {
  const row = { id: "d", provider: "gemini", model: "m", usd: 1.23456, calls_of_unknown_cost: 2 };
  assert.deepEqual(texts(SPEND, row), ["gemini/m | d", "$1.23", "2"]);
  assert.equal(cells(SPEND, row).Spent?.exact, "1.23456 USD");
  assert.equal(texts(SPEND, { ...row, provider: "" })[0], "no longer served | d");
  const day = { day: "2026-01-31", model: "gemini/m", calls: 3, pictures: 2, usd: 0 };
  assert.deepEqual(texts(DAYS, day), ["2026-01-31", "gemini/m", "3", "2", "$0"]);
});

void test("a method of either API", () => {
  const named = (method: string) => {
    const { text, more, exact } = cells(CALLS, { ...CALL, method }).Method ?? {};
    return [text, more, exact];
  };
  assert.deepEqual(named("/imagewire.v1.ChatService/StreamCompletion").slice(0, 2), [
    "StreamCompletion",
    "ChatService",
  ]);
  assert.deepEqual(named("POST /v1/images/edits"), ["/v1/images/edits", "POST", "POST /v1/images/edits"]);
  assert.deepEqual(named("GET (unknown path)").slice(0, 2), ["(unknown path)", "GET"]);
});

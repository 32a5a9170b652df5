/** What stands in the tables: from what the server says to text. Nothing here knows of the page. */
import { ago, bytes, count, dollars, seconds, span } from "../format.js";
import type { Call, Caller, Day, Deployment, Health, Spend } from "./status.js";

export type Tone = "good" | "waiting" | "wrong" | "soft";

/** A cell. more: a second line. exact: what the text rounds. time: the moment that the text is about, in RFC 3339. */
export interface Cell {
  text: string;
  more?: string;
  exact?: string;
  time?: string;
  tone?: Tone;
}

/** A column. cell: of a row; age: milliseconds since the server said it, now: the server's clock, in Unix time. */
export interface Column<T> {
  title: string;
  number?: boolean;
  readonly cell: (row: T, now: number, age: number) => Cell;
}

const NOTHING: Cell = { text: "–", tone: "soft" };
const OWN = "/imagewire.v1.";

/** A moment, as long ago. */
export function moment(time: string, now: number): Cell {
  return { text: ago(now - Date.parse(time)), time };
}

function amount(value: number): Cell {
  return value === 0 ? { text: "0", tone: "soft" } : { text: count(value) };
}

function usd(value: number): Cell {
  return { text: dollars(value), exact: `${value} USD`, ...(value === 0 && { tone: "soft" as const }) };
}

/** How a deployment, or a model of it, is. */
export function health(of: Health, age: number): Cell {
  if (of.state === "available") {
    return { text: "Available", tone: "good", ...(of.failures_in_a_row > 0 && { more: failed(of.failures_in_a_row) }) };
  }
  if (of.state === "half_open") {
    return { text: "Half open", more: "one call tries whether it works again", tone: "waiting" };
  }
  const left = span((of.cooldown_seconds ?? 0) * 1000 - age);
  const why = of.asked_by_provider ? "as the provider asked" : `after ${failed(of.failures_in_a_row)}`;
  return { text: `Cooling down, ${left} left`, more: why, tone: "wrong" };
}

function failed(number: number): string {
  return number === 1 ? "1 failure" : `${number} failures in a row`;
}

export const DEPLOYMENTS: readonly Column<Deployment>[] = [
  { title: "Deployment", cell: ({ name, id }) => ({ text: name, more: id }) },
  {
    title: "State",
    cell: (row, _, age) => {
      const all = health(row, age);
      const models = row.models.map((one) => `${one.model}: ${health(one, age).text.toLowerCase()}`);
      return models.length > 0 ? { ...all, more: models.join("; ") } : all;
    },
  },
  { title: "Running", number: true, cell: ({ running }) => amount(running) },
  { title: "Answered", number: true, cell: ({ attempts }) => amount(attempts.OK ?? 0) },
  {
    title: "Failed",
    number: true,
    cell: ({ attempts }) => {
      const reasons = Object.entries(attempts).filter(([reason]) => reason !== "OK" && reason !== "ABANDONED");
      const all = amount(reasons.reduce((sum, [, number]) => sum + number, 0));
      return reasons.length > 0 ? { ...all, exact: reasons.map((one) => one.join(" ")).join(", ") } : all;
    },
  },
  {
    title: "Last failure",
    cell: ({ recent_failures: [last] }, now) =>
      last ? { ...moment(last.time, now), more: last.reason, tone: "wrong" } : NOTHING,
  },
  {
    title: "Model and address",
    cell: ({ provider, model, address }) => ({
      text: `${provider}/${model}`,
      ...(address && { more: host(address), exact: address }),
    }),
  },
];

/** The host of an address; an address that is none as it is. */
function host(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

/** A caller of the configuration; or, without a name, all others. */
export type CallerRow = Caller | { name: ""; calls: number; usd: number };

export const CALLERS: readonly Column<CallerRow>[] = [
  {
    title: "Caller",
    cell: (row) => {
      if (!row.name) {
        return { text: "All others", more: "master key, without a key, refused" };
      }
      const revoked = "revoked" in row && row.revoked;
      return { text: row.name, ...(revoked && { more: "revoked", tone: "soft" as const }) };
    },
  },
  { title: "Calls", number: true, cell: ({ calls }) => amount(calls) },
  { title: "Failed", number: true, cell: (row) => ("failed" in row ? amount(row.failed) : NOTHING) },
  { title: "Pictures", number: true, cell: (row) => ("pictures" in row ? amount(row.pictures) : NOTHING) },
  { title: "Spent", number: true, cell: (row) => usd(row.usd) },
  { title: "Budget today", cell: (row) => ("budget" in row ? budget(row.budget) : NOTHING) },
  { title: "Limits", cell: (row) => ("limits" in row ? limits(row.limits) : NOTHING) },
];

function budget(of: Caller["budget"]): Cell {
  if (of === null) {
    return NOTHING;
  }
  if (of.for_each_subject) {
    return { text: `${dollars(of.usd_per_day)} a day`, more: "for each subject of its tokens" };
  }
  if (of.left_usd === null || of.usd_here === null) {
    return { text: `${dollars(of.usd_per_day)} a day`, more: "what is left is not known now", tone: "waiting" };
  }
  const share = of.usd_here < of.usd_per_day ? ` here, of ${dollars(of.usd_per_day)}` : "";
  return {
    text: `${dollars(of.left_usd)} of ${dollars(of.usd_here)} left${share}`,
    exact: `${of.left_usd} USD`,
    ...(of.resets_in_seconds !== null && { more: `anew in ${span(of.resets_in_seconds * 1000)}` }),
    ...(of.left_usd < of.usd_here / 10 && { tone: "wrong" as const }),
  };
}

function limits(of: Caller["limits"]): Cell {
  const told = [
    of?.calls_at_once && `${count(of.calls_at_once)} calls at once`,
    of?.requests_per_minute && `${count(of.requests_per_minute)} requests a minute`,
    of?.pictures_per_minute && `${count(of.pictures_per_minute)} pictures a minute`,
  ].filter(Boolean);
  return told.length > 0 ? { text: told.join(", ") } : NOTHING;
}

export const SPEND: readonly Column<Spend>[] = [
  {
    title: "Model",
    cell: ({ provider, model, id }) => ({ text: provider ? `${provider}/${model}` : "no longer served", more: id }),
  },
  { title: "Spent", number: true, cell: (row) => usd(row.usd) },
  { title: "Calls of unknown cost", number: true, cell: (row) => amount(row.calls_of_unknown_cost) },
];

export const DAYS: readonly Column<Day>[] = [
  { title: "Day", cell: ({ day }) => ({ text: day }) },
  { title: "Model", cell: ({ model }) => ({ text: model }) },
  { title: "Calls", number: true, cell: ({ calls }) => amount(calls) },
  { title: "Pictures", number: true, cell: ({ pictures }) => amount(pictures) },
  { title: "Spent", number: true, cell: (row) => usd(row.usd) },
];

export const CALLS: readonly Column<Call>[] = [
  { title: "Ended", cell: ({ time }, now) => moment(time, now) },
  { title: "Result", cell: result },
  { title: "Method", cell: method },
  { title: "Caller", cell: ({ caller }) => ({ text: caller }) },
  {
    title: "Model",
    cell: ({ model, deployment }) => (model ? { text: model, more: deployment } : NOTHING),
  },
  {
    title: "Took",
    number: true,
    cell: ({ seconds: took, first_image_byte_seconds: first }) => ({
      text: took < 0.1 ? `${Math.round(took * 1000)} ms` : seconds(took * 1000),
      exact: `${took} s${first === null ? "" : `, ${first} s until a picture began`}`,
    }),
  },
  {
    title: "Attempts",
    number: true,
    cell: ({ attempts }) => ({
      ...amount(attempts.length),
      ...(attempts.length > 0 && { exact: attempts.map((one) => `${one.deployment}: ${one.reason}`).join(", ") }),
    }),
  },
  { title: "Pictures", number: true, cell: ({ pictures }) => amount(pictures) },
  {
    title: "Bytes",
    number: true,
    cell: ({ image_bytes: size }) => (size ? { text: bytes(size), exact: `${count(size)} bytes` } : NOTHING),
  },
  { title: "Tokens", number: true, cell: ({ tokens }) => (tokens ? amount(tokens) : NOTHING) },
  { title: "Cost", number: true, cell: cost },
  { title: "Request", cell: ({ request_id: id }) => ({ text: id.length > 12 ? `${id.slice(0, 8)}…` : id, exact: id }) },
];

function result({ reason, status }: Call): Cell {
  if (reason === "OK") {
    return { text: "OK", tone: "good" };
  }
  if (reason === "CANCELLED") {
    return { text: "Cancelled", tone: "soft" };
  }
  return { text: reason, more: status, tone: "wrong" };
}

/** gRPC's "/imagewire.v1.ChatService/StreamCompletion", or HTTP's "POST /v1/chat/completions". */
function method({ method: full }: Call): Cell {
  const grpc = full.startsWith("/");
  const [first = "", second = ""] = grpc
    ? full.replace(OWN, "").split("/")
    : [full.slice(0, full.indexOf(" ")), full.slice(full.indexOf(" ") + 1)];
  return { text: second, more: first, exact: full };
}

function cost({ usd: paid, charged }: Call): Cell {
  if (paid !== null) {
    return usd(paid);
  }
  return charged === "no" ? NOTHING : { text: charged === "yes" ? "unknown" : "maybe charged", tone: "waiting" };
}

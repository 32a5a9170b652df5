/** The operator's page: what /status says, asked for again and again while somebody looks. It keeps nothing. */
import { byId, make, tell } from "../dom.js";
import { ago, count, dollars } from "../format.js";
import { CALLERS, CALLS, type Cell, DAYS, DEPLOYMENTS, moment, SPEND } from "./cells.js";
import { ask, type Status } from "./status.js";
import { element, Table } from "./table.js";

/** Milliseconds between two questions, and for an answer. */
const PACE = 2000;
const PATIENCE = 10_000;

const deployments = new Table("deployments", DEPLOYMENTS, ({ id }) => id, "There are none.");
const callers = new Table("callers", CALLERS, ({ name }) => name, "Nobody has called yet.");
const spend = new Table("spend", SPEND, ({ id }) => id, "Nothing was spent.");
const days = new Table("days", DAYS, ({ day, model }) => `${day} ${model}`, "Nothing was drawn.");
const calls = new Table("calls", CALLS, (call) => `${call.time} ${call.request_id}`, "No call has ended yet.");
const gone = byId("gone", HTMLElement);
const facts = byId("facts", HTMLDListElement);
const updated = byId("updated", HTMLElement);
const pause = byId("pause", HTMLButtonElement);

let last: { status: Status; received: number } | undefined;
let isPaused = false;
let isAsking = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks, shows, and comes again, unless nobody looks. */
async function refresh(): Promise<void> {
  clearTimeout(timer);
  if (isPaused || isAsking || document.hidden) {
    return;
  }
  isAsking = true;
  try {
    const status = await ask(PATIENCE);
    if (last !== undefined && last.status.server.version !== status.server.version) {
      location.reload(); // what another version says may be other than what this page knows
      return;
    }
    last = { status, received: Date.now() };
    gone.hidden = true;
    document.title = "imagewire: server";
  } catch (error) {
    tellGone(error);
  } finally {
    isAsking = false;
  }
  show();
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), PACE);
}

/** Says once that there is no answer, and since when the figures are old. */
function tellGone(error: unknown): void {
  if (!gone.hidden) {
    return;
  }
  const why = error instanceof Error && error.message.startsWith("it answers") ? error.message : "it does not answer";
  const parts: (Node | string)[] = [make("h2", {}, "The server is gone")];
  if (last === undefined) {
    parts.push(make("p", {}, `When asked for its status, ${why}. This page goes on asking.`));
  } else {
    const since = new Date(last.received);
    const time = make("time", { datetime: since.toISOString() }, since.toLocaleString());
    parts.push(make("p", {}, "Since ", time, ` ${why}. All figures are as of then; this page goes on asking.`));
  }
  gone.replaceChildren(...parts);
  gone.hidden = false;
  document.title = "gone – imagewire: server";
}

function show(): void {
  const { status, received } = last ?? {};
  if (status === undefined || received === undefined) {
    return;
  }
  const age = Date.now() - received;
  const now = Date.parse(status.server.now) + age; // by the server's clock: the browser's may be another
  byId("tables", HTMLElement).hidden = false;
  document.body.classList.toggle("old", !gone.hidden);
  const exact = new Date(received);
  const words = isPaused ? exact.toLocaleTimeString() : ago(age);
  const told = make("time", { datetime: exact.toISOString(), title: exact.toLocaleString() }, words);
  updated.replaceChildren(isPaused ? "Paused at " : "Updated ", told);
  showFacts(status, now);
  const { server, other_callers: others } = status;
  const shares = `Deployments and the last calls are those of process ${server.process}, one of ${server.workers}`;
  tell(byId("scope", HTMLElement), server.workers > 1 ? `${shares}; counts and costs are of all.` : "");
  deployments.show(status.deployments, now, age);
  callers.show(others.calls > 0 ? [...status.callers, { name: "", ...others }] : status.callers, now, age);
  const spent = status.spend.deployments.toSorted((one, other) => other.usd - one.usd);
  spend.show(spent, now, age);
  days.show(status.spend.days, now, age);
  calls.show(status.calls, now, age);
}

function showFacts({ server, spend: spent }: Status, now: number): void {
  const { grpc, rest } = server.open_calls;
  const known: Cell = server.state === "ready" ? { text: "Ready", tone: "good" } : { text: "Stopping", tone: "wrong" };
  const state: Cell = gone.hidden ? known : { text: "Not known", tone: "waiting" };
  const unknown = spent.calls_of_unknown_cost > 0 ? `, and ${count(spent.calls_of_unknown_cost)} calls unknown` : "";
  const rows: [string, Cell][] = [
    ["State", state],
    ["Version", { text: server.version }],
    ["Started", moment(server.started, now)],
    ["Open calls", { text: `${count(grpc)} gRPC, ${count(rest)} REST` }],
    ["Drawing", { text: `${count(server.drawing)} of ${count(server.max_drawing)}` }],
    ["Spent since the start", { text: `${dollars(spent.usd)}${unknown}`, exact: `${spent.usd} USD` }],
  ];
  facts.replaceChildren(
    ...rows.map(([name, cell]) => make("div", {}, make("dt", {}, name), make("dd", {}, element(cell)))),
  );
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Go on" : "Pause";
  show();
  void refresh();
});
document.addEventListener("visibilitychange", () => void refresh());
void refresh();

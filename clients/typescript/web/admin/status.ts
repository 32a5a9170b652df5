/** What /status of the server says: docs/page.md tells of each field. */

export interface Health {
  state: "available" | "half_open" | "cooling_down";
  cooldown_seconds: number | null;
  asked_by_provider: boolean;
  failures_in_a_row: number;
}

export interface Deployment extends Health {
  id: string;
  name: string;
  provider: string;
  model: string;
  address: string;
  running: number;
  models: (Health & { model: string })[];
  attempts: Record<string, number>;
  recent_failures: { time: string; reason: string }[];
}

export interface Budget {
  usd_per_day: number;
  usd_here: number | null;
  left_usd: number | null;
  resets_in_seconds: number | null;
  for_each_subject: boolean;
}

export interface Caller {
  name: string;
  revoked: boolean;
  calls: number;
  failed: number;
  pictures: number;
  usd: number;
  limits: {
    calls_at_once: number | null;
    requests_per_minute: number | null;
    pictures_per_minute: number | null;
  } | null;
  budget: Budget | null;
}

export interface Spend {
  id: string;
  provider: string;
  model: string;
  usd: number;
  calls_of_unknown_cost: number;
}

export interface Day {
  day: string;
  model: string;
  calls: number;
  pictures: number;
  usd: number;
}

export interface Call {
  time: string;
  request_id: string;
  caller: string;
  method: string;
  model: string;
  deployment: string;
  status: string;
  reason: string;
  seconds: number;
  first_image_byte_seconds: number | null;
  attempts: { deployment: string; reason: string }[];
  pictures: number;
  image_bytes: number;
  tokens: number;
  charged: "no" | "maybe" | "yes";
  usd: number | null;
}

export interface Status {
  server: {
    version: string;
    now: string;
    started: string;
    state: "ready" | "stopping";
    open_calls: { grpc: number; rest: number };
    drawing: number;
    max_drawing: number;
    process: number;
    workers: number;
  };
  deployments: Deployment[];
  callers: Caller[];
  other_callers: { calls: number; usd: number };
  spend: { usd: number; calls_of_unknown_cost: number; deployments: Spend[]; days: Day[] };
  calls: Call[];
}

/** Asks for it. Throws where there is no answer within so many milliseconds, or none that is meant. */
export async function ask(patience: number): Promise<Status> {
  const answer = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(patience) });
  if (!answer.ok) {
    throw new Error(`it answers with the status ${answer.status}`);
  }
  return (await answer.json()) as Status;
}

/** Numbers for people. */

/** Bytes: "812 bytes", "1.5 MB". */
export function bytes(count: number): string {
  if (count < 1000) {
    return `${count} bytes`;
  }
  return count < 1_000_000 ? `${Math.round(count / 1000)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** US dollars: below one with three digits that say something: "$0.039", "$0.135", "$1.20". */
export function dollars(amount: number): string {
  if (amount < 0.0001) {
    return amount === 0 ? "$0" : "under $0.0001";
  }
  return `$${amount >= 1 ? amount.toFixed(2) : Number(amount.toPrecision(3))}`;
}

/** A time: "0.8 s", "75 s". */
export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** A longer time: "8 s", "3 min", "5 h", "2 days". */
export function span(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 59.5) {
    return `${Math.round(s)} s`;
  }
  if (s < 3570) {
    return `${Math.round(s / 60)} min`;
  }
  return s < 47.5 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
}

/** How long ago something was: "just now", "8 s ago". A clock that is behind makes nothing be in the future. */
export function ago(ms: number): string {
  return ms < 1500 ? "just now" : `${span(ms)} ago`;
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** The name of a file for a picture: "a-red-bicycle.png". */
export function fileName(prompt: string, mimeType: string): string {
  const words = prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["picture"];
  let name = "";
  for (const word of words) {
    if (name.length + word.length > 40) {
      break;
    }
    name += name ? `-${word}` : word;
  }
  const suffix = (mimeType.split("/")[1] ?? "png").replace("jpeg", "jpg").replace(/\W.*$/, "");
  return `${name || "picture"}.${suffix}`;
}

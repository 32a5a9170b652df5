/** What differs between Node and browsers. A browser's is the default; the Node entry sets its own. */
import { sha256 } from "@noble/hashes/sha2.js";

/** A SHA-256 that is fed piece by piece. */
export interface Hash {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

interface Platform {
  hash(): Hash;
  environment(name: string): string | undefined;
  /** Writes a file completely or not at all; returns its name. */
  save?(path: string, data: Uint8Array): Promise<string>;
}

export const platform: Platform = {
  hash: () => sha256.create(),
  environment: () => undefined,
};

/** The SHA-256 of a whole file. */
export function sha256Of(data: Uint8Array): Uint8Array {
  const hash = platform.hash();
  hash.update(data);
  return hash.digest();
}

/** A new UUID. Browsers have crypto.randomUUID on pages that came by TLS or from this machine alone. */
export function newUuid(): string {
  const digits = hex(crypto.getRandomValues(new Uint8Array(16)));
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20),
  ].join("-");
}

/** Hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

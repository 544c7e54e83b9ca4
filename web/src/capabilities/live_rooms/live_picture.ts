/** Stills of streams: how often they are fetched anew, and by which address. */

export const REFRESH_EVERY_MS = 10_000;

/** The same for everybody within ten seconds, so that what lies between can keep one for all. */
export function freshAddress(address: string, now_ms: number): string {
  if (address.startsWith('data:')) return address;
  return `${address}${address.includes('?') ? '&' : '?'}t=${Math.floor(now_ms / REFRESH_EVERY_MS)}`;
}

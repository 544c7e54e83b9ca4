/**
 * The files of a film lie below an address that lets in for a while only: `/videos/{video}/{pass}/…`.
 * What was found under an earlier pass is asked for under the present one. Pure.
 */
const UNDER_PASS = /^(.*\/videos\/[^/]+\/)[^/]+(\/.*)$/;

/** The address of a file, under the pass of `present`; itself where it is of something else. */
export function underPass(file: string, present: string): string {
  const its = UNDER_PASS.exec(file);
  const now = UNDER_PASS.exec(present);
  const pass = now && present.slice(now[1]?.length ?? 0, present.length - (now[2]?.length ?? 0));
  // One may be with its origin, the other without.
  return its && now && pass && its[1]?.endsWith(now[1] ?? '') ? `${its[1]}${pass}${its[2]}` : file;
}

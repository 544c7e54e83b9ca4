/** Who is in a room: listed as far as it goes, read now and then, and the names of everybody who was ever told. */
import type { Answer } from '../../engines/connection/machine';
import type { Command, Member, UserId } from '../../protocol/generated/types';
import { authorRole } from '../conversation/conversation.svelte';
import type { Author } from '../conversation/model';
import type { Person } from '../people/model';
import { person } from '../people/person';

/** People that are listed; the count says how many more there are. */
export const PEOPLE_MAX = 500;
/** The list is read at most this often. */
export const PEOPLE_EVERY_MS = 3_000;

const RANK = { host: 0, moderator: 1, viewer: 2 };

export class PeopleHere {
  list = $state.raw<readonly Author[]>([]);
  #names = new Map<UserId, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #read_ms = -PEOPLE_EVERY_MS;
  #closed = false;

  /** @param heard of whoever was read: the host first, then by name */
  constructor(private readonly command: (what: Command) => Promise<Answer>, private readonly heard: (members: readonly Member[]) => void) {}

  nameOf(user: UserId): string | null { return this.#names.get(user) ?? null; }

  learn(people: readonly Pick<Person, 'id' | 'displayName'>[]): void {
    for (const one of people) this.#names.set(one.id, one.displayName);
  }

  readSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#read_ms = performance.now();
      void this.#read();
    }, Math.max(0, this.#read_ms + PEOPLE_EVERY_MS - performance.now()));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    const members: Member[] = [];
    let after: UserId | null = null;
    while (members.length < PEOPLE_MAX) {
      const answer = await this.command({ kind: 'list_members', after });
      if (this.#closed || answer.is !== 'ok' || answer.outcome.kind !== 'members') return;
      members.push(...answer.outcome.members);
      after = answer.outcome.next;
      if (after === null) break;
    }
    members.sort((a, b) => RANK[a.role] - RANK[b.role] || a.profile.display_name.localeCompare(b.profile.display_name));
    this.list = members.map((one) => ({ ...person(one.profile), role: authorRole(one.role, one.profile) }));
    this.learn(this.list);
    this.heard(members);
  }
}

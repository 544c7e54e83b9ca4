/** The log of who did what in a room, or on the whole server, in pages. */
import type { ModerationApi } from '../../engines/http/moderation';
import type { AuditEntry, SpaceId } from '../../protocol/generated/types';
import { person } from '../people/person';
import type { AuditLine, AuditModel, More } from './model';

export class AuditLog implements AuditModel {
  state = $state<AuditModel['state']>('loading');
  lines = $state.raw<readonly AuditLine[]>([]);
  more = $state<More>('none');
  #closed = false;

  /** @param room null: of the server @param nameOf what somebody is called, where it is known here */
  constructor(private readonly api: ModerationApi, private readonly room: SpaceId | null, private readonly nameOf: (user: string) => string | null) {
    void this.#read(null);
  }

  retry(): void {
    this.state = 'loading';
    void this.#read(null);
  }

  loadMore(): void {
    const last = this.lines.at(-1);
    if (last === undefined || this.more === 'loading' || this.more === 'none') return;
    this.more = 'loading';
    void this.#read(last.number);
  }

  close(): void {
    this.#closed = true;
  }

  #line(entry: AuditEntry): AuditLine {
    return { number: entry.number, by: person(entry.by), action: entry.action, who: this.nameOf(entry.subject), subject: entry.subject, at_ms: entry.at_ms };
  }

  async #read(before: number | null): Promise<void> {
    const reply = await this.api.audit(this.room, before);
    if (this.#closed) return;
    if (reply.is !== 'ok') {
      if (before === null) this.state = 'failed';
      else this.more = 'failed';
      return;
    }
    const fresh = reply.value.entries.map((one) => this.#line(one));
    this.lines = before === null ? fresh : [...this.lines, ...fresh];
    this.more = reply.value.more ? 'more' : 'none';
    this.state = 'ready';
  }
}

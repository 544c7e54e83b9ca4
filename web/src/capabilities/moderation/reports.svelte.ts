/** Reports to the moderators of a room, or of the whole server, in pages. */
import type { ModerationApi } from '../../engines/http/moderation';
import type { Command, Report as WireReport, SpaceId } from '../../protocol/generated/types';
import type { Outcome } from '../people/model';
import { person } from '../people/person';
import { ofReply } from '../people/refusal';
import type { More, Report, ReportsModel } from './model';

/** What the button says. */
export const MUTE_S = 10 * 60;

function report(wire: WireReport): Report {
  const { message } = wire;
  return {
    id: wire.id,
    by: person(wire.by),
    about: person(wire.about),
    message: message && { position: message.position, text: message.text, at_ms: message.at_ms },
    reason: wire.reason,
    at_ms: wire.at_ms,
    settled: wire.settled_by !== null,
  };
}

export class ReportList implements ReportsModel {
  state = $state<ReportsModel['state']>('loading');
  reports = $state.raw<readonly Report[]>([]);
  more = $state<More>('none');
  #rooms = new Map<string, SpaceId>();
  #closed = false;

  /** @param room null: of the server @param settled told when one is settled here */
  constructor(private readonly api: ModerationApi, private readonly room: SpaceId | null, private readonly settled: () => void = () => {}) {
    void this.#read(null);
  }

  /** One came in while the list is open. */
  add(wire: WireReport): void {
    if (this.reports.some((one) => one.id === wire.id)) return;
    this.#rooms.set(wire.id, wire.space);
    this.reports = [report(wire), ...this.reports];
  }

  retry(): void {
    this.state = 'loading';
    void this.#read(null);
  }

  loadMore(): void {
    const last = this.reports.at(-1);
    if (last === undefined || this.more === 'loading' || this.more === 'none') return;
    this.more = 'loading';
    void this.#read(last.id);
  }

  close(): void {
    this.#closed = true;
  }

  async settle(id: string): Promise<Outcome> {
    const room = this.#rooms.get(id) ?? this.room;
    const reply = await this.api.settle(this.room === null ? null : room, id);
    if (reply.is === 'ok') {
      this.reports = this.reports.map((one) => (one.id === id ? { ...one, settled: true } : one));
      this.settled();
    }
    return ofReply(reply);
  }

  deleteMessage(one: Report): Promise<Outcome> {
    return one.message === null ? Promise.resolve({ ok: true }) : this.#do(one, { kind: 'delete_message', position: one.message.position });
  }
  mute(one: Report): Promise<Outcome> { return this.#do(one, { kind: 'mute', user: one.about.id, duration_s: MUTE_S }); }
  remove(one: Report): Promise<Outcome> { return this.#do(one, { kind: 'remove', user: one.about.id }); }
  ban(one: Report): Promise<Outcome> { return this.#do(one, { kind: 'ban', user: one.about.id }); }

  async #do(one: Report, command: Command): Promise<Outcome> {
    const room = this.#rooms.get(one.id);
    return room === undefined ? { ok: false, refusal: { reason: 'not_found' } } : ofReply(await this.api.command(room, command));
  }

  async #read(before: string | null): Promise<void> {
    const reply = await this.api.reports(this.room, before);
    if (this.#closed) return;
    if (reply.is !== 'ok') {
      if (before === null) this.state = 'failed';
      else this.more = 'failed';
      return;
    }
    for (const one of reply.value.reports) this.#rooms.set(one.id, one.space);
    const fresh = reply.value.reports.map(report);
    this.reports = before === null ? fresh : [...this.reports, ...fresh.filter(({ id }) => !this.reports.some((one) => one.id === id))];
    this.more = reply.value.more ? 'more' : 'none';
    this.state = 'ready';
  }
}

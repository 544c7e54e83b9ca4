/** What a moderator of a room is told: how many reports are open, and the lists, whose code comes when they are opened. */
import type { Answer } from '../../engines/connection/machine';
import type { Command, Report, SpaceId } from '../../protocol/generated/types';
import type { AuditModel, ModerationModel, ReportsModel } from '../moderation/model';
import type { ReportList } from '../moderation/reports.svelte';
import type { Outcome } from '../people/model';
import { ofAnswer } from '../people/refusal';

export class Moderating implements ModerationModel {
  open = $state(0);
  #list: ReportList | null = null;
  #closed = false;

  constructor(private readonly room: SpaceId, private readonly nameOf: (user: string) => string | null, private readonly command: (command: Command) => Promise<Answer>) {
    void this.#count();
  }

  reported(report: Report): void {
    this.open += 1;
    this.#list?.add(report);
  }

  async reports(): Promise<ReportsModel> {
    const [{ ReportList }, { moderation }] = await Promise.all([import('../moderation/reports.svelte'), import('../../engines/http/moderation')]);
    return (this.#list = new ReportList(moderation, this.room, () => { this.open = Math.max(0, this.open - 1); }));
  }

  async audit(): Promise<AuditModel> {
    const [{ AuditLog }, { moderation }] = await Promise.all([import('../moderation/audit.svelte'), import('../../engines/http/moderation')]);
    return new AuditLog(moderation, this.room, this.nameOf);
  }

  readonly groups = {
    list: async () => {
      const answer = await this.command({ kind: 'groups', wants: { kind: 'list' } });
      if (answer.is !== 'ok' || answer.outcome.kind !== 'groups') return null;
      return answer.outcome.groups.map((one) => ({ id: one.group, members: one.members, since_ms: one.since_ms, reports: one.reports }));
    },
    dissolve: async (group: SpaceId): Promise<Outcome> => ofAnswer(await this.command({ kind: 'groups', wants: { kind: 'dissolve', group } })),
  };

  close(): void {
    this.#closed = true;
  }

  async #count(): Promise<void> {
    const { moderation } = await import('../../engines/http/moderation');
    const reply = await moderation.reports(this.room, null);
    if (!this.#closed && reply.is === 'ok') this.open = reply.value.reports.filter((one) => one.settled_by === null).length;
  }
}

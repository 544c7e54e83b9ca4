/** What a moderator of a room is told: how many reports are open, and the lists, whose code comes when they are opened. */
import type { Report, SpaceId } from '../../protocol/generated/types';
import type { AuditModel, ModerationModel, ReportsModel } from '../moderation/model';
import type { ReportList } from '../moderation/reports.svelte';

export class Moderating implements ModerationModel {
  open = $state(0);
  #list: ReportList | null = null;
  #closed = false;

  constructor(private readonly room: SpaceId, private readonly nameOf: (user: string) => string | null) {
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

  close(): void {
    this.#closed = true;
  }

  async #count(): Promise<void> {
    const { moderation } = await import('../../engines/http/moderation');
    const reply = await moderation.reports(this.room, null);
    if (!this.#closed && reply.is === 'ok') this.open = reply.value.reports.filter((one) => one.settled_by === null).length;
  }
}

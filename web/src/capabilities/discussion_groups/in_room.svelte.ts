/** Discussion groups in a live room, as far as they concern me: suggestions, invitations, and what became of them. */
import type { Answer } from '../../engines/connection/machine';
import type { Command, GroupCommand, GroupEvent, UserId, YourGroups } from '../../protocol/generated/types';
import type { PreferencesApi } from '../../engines/http/preferences';
import type { Outcome } from '../people/model';
import { DISCONNECTED, ofAnswer, ofReply, refusal } from '../people/refusal';
import type { Invitation, Inviting, Request, RoomGroupsModel, Source } from './model';
import type { MyGroup } from './my_group.svelte';
import { invitation, request, suggested } from './words';

export interface InRoomPort {
  command(command: Command): Promise<Answer>;
  readonly mine: MyGroup;
  readonly preferences: PreferencesApi;
}

export class InRoom implements RoomGroupsModel {
  invitations = $state.raw<readonly Invitation[]>([]);
  request = $state.raw<Request | null>(null);
  suggestions = $state.raw<RoomGroupsModel['suggestions']>({ state: 'idle', list: [] });
  picked = $state.raw<ReadonlySet<UserId>>(new Set());
  #asked = 0;

  constructor(private readonly port: InRoomPort) {}

  get group(): RoomGroupsModel['group'] { return this.port.mine.current; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  snapshot(yours: YourGroups | undefined): void {
    this.invitations = (yours?.invitations ?? []).map(invitation);
    this.request = yours?.request ? request(yours.request) : null;
    if (yours?.group) this.port.mine.enter(yours.group);
  }

  event(event: GroupEvent): void {
    switch (event.kind) {
      case 'invitation':
        this.invitations = [...this.invitations.filter((one) => one.id !== event.invitation.id), invitation(event.invitation)];
        break;
      case 'invitation_over': this.invitations = this.invitations.filter((one) => one.id !== event.invitation); break;
      case 'request':
        this.request = request(event.request);
        if (event.request.group) this.port.mine.enter(event.request.group);
        break;
      case 'yours':
        if (event.group) this.port.mine.enter(event.group);
        break;
      default:
    }
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  suggest(source: Source | null): void {
    const asked = ++this.#asked;
    this.suggestions = { state: 'loading', list: this.suggestions.list };
    void this.#ask({ kind: 'suggest', sources: source === null ? [] : [source] }).then((answer) => {
      if (asked !== this.#asked) return;
      this.suggestions = answer.is === 'ok' && answer.outcome.kind === 'suggestions'
        ? { state: 'ready', list: answer.outcome.suggestions.map(suggested) } : { state: 'failed', list: [] };
    });
  }

  pick(user: UserId, picked: boolean): void {
    const next = new Set(this.picked);
    if (picked) next.add(user);
    else next.delete(user);
    this.picked = next;
  }

  async invite(): Promise<Inviting> {
    const answer = await this.#ask({ kind: 'invite', users: [...this.picked] });
    if (answer.is === 'ok' && answer.outcome.kind === 'invited') {
      this.request = request(answer.outcome.request);
      this.picked = new Set();
      return { ok: true, uninvited: answer.outcome.uninvited };
    }
    return { ok: false, refusal: answer.is === 'rejected' ? refusal(answer.rejection) : DISCONNECTED };
  }

  async withdraw(): Promise<Outcome> { return ofAnswer(await this.#ask({ kind: 'withdraw' })); }

  async answer(id: string, accept: boolean): Promise<Outcome> {
    const answer = await this.#ask({ kind: 'answer', invitation: id, accept });
    if (answer.is === 'ok' || (answer.is === 'rejected' && answer.rejection.kind === 'invitation_over')) this.#gone(id);
    if (answer.is === 'ok' && answer.outcome.kind === 'group_joined') this.port.mine.enter(answer.outcome.group);
    return ofAnswer(answer);
  }

  async disturbNoMore(): Promise<Outcome> {
    const now = await this.port.preferences.read();
    if (now.is !== 'ok') return ofReply(now);
    const changed = await this.port.preferences.change({ ...now.value, group_invitations: false });
    if (changed.is === 'ok') for (const { id } of this.invitations) void this.answer(id, false);
    return ofReply(changed);
  }

  #gone(id: string): void { this.invitations = this.invitations.filter((one) => one.id !== id); }

  #ask(wants: GroupCommand): Promise<Answer> { return this.port.command({ kind: 'groups', wants }); }
}

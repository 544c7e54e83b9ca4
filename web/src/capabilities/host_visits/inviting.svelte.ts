/** A host's request for visits: who meets the conditions, who was asked, and what came of it. */
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { VisitsApi } from '../../engines/http/visits';
import type { LiveRooms, Rejection, VisitCommand, VisitRequest } from '../../protocol/generated/types';
import { now_ms } from '../../ui/now';
import type { Outcome } from '../people/model';
import { ofAnswer, refusal } from '../people/refusal';
import { Askable } from './askable.svelte';
import { problemOf } from './conditions';
import type { Candidate, Conditions, InviteRefusal, InvitingModel, Request, Wish } from './model';
import { candidateOf, conditionsToWire, requestOf } from './wire';

export interface InvitingPort {
  command(wants: VisitCommand): Promise<Answer>;
  /** Whose rooms are live, with their pictures. */
  live(): Promise<Reply<LiveRooms>>;
  readonly visits: Pick<VisitsApi, 'preferences' | 'setPreferences'>;
  serverTime_ms(): number;
}

function refused(rejection: Rejection): InviteRefusal {
  switch (rejection.kind) {
    case 'invalid':
      if (rejection.field === 'conditions') return { is: 'no_condition' };
      if (rejection.field.startsWith('audience')) return { is: 'audience' };
      break;
    case 'limit':
      if (rejection.limit === 'visit_requests') return { is: 'spent', max: rejection.max, retryAfter_ms: rejection.retry_after_ms };
      break;
    case 'not_live': return { is: 'not_live' };
    case 'nobody_invited': return { is: 'nobody' };
  }
  return { is: 'other', refusal: refusal(rejection) };
}

export class Inviting implements InvitingModel {
  candidates = $state.raw<readonly Candidate[] | null>(null);
  looking = $state<InvitingModel['looking']>('no');
  request = $state.raw<Request | null>(null);
  #askable: Askable;
  #look = 0;

  constructor(private readonly port: InvitingPort) {
    this.#askable = new Askable(port.visits);
    void this.#askable.read();
  }

  get askable(): boolean | null { return this.#askable.is; }
  get clock_ms(): number { return now_ms() + this.port.serverTime_ms() - Date.now(); }

  told(request: VisitRequest): void {
    this.request = requestOf(request);
  }

  async look(conditions: Conditions): Promise<void> {
    const look = ++this.#look;
    if (problemOf(conditions) !== null) {
      this.candidates = null;
      this.looking = 'no';
      return;
    }
    this.looking = 'yes';
    const [answer, live] = await Promise.all([this.port.command({ kind: 'candidates', conditions: conditionsToWire(conditions) }), this.port.live()]);
    if (look !== this.#look) return;
    if (answer.is !== 'ok' || answer.outcome.kind !== 'visit_candidates') {
      this.looking = 'failed';
      return;
    }
    const pictures = new Map(live.is === 'ok' ? live.value.rooms.map((room) => [room.id, room.picture]) : []);
    this.looking = 'no';
    this.candidates = answer.outcome.candidates.map((one) => candidateOf(one, pictures.get(one.room) ?? null));
  }

  async invite({ conditions, wanted, duration_s, offer, hosts }: Wish): Promise<InviteRefusal | null> {
    const problem = problemOf(conditions);
    if (problem !== null) return { is: problem };
    if (this.request !== null && !this.request.over) return { is: 'running' };
    const answer = await this.port.command({ kind: 'invite', conditions: conditionsToWire(conditions), wanted, duration_s, offer: offer.trim(), hosts: [...hosts] });
    if (answer.is === 'rejected') return refused(answer.rejection);
    if (answer.is === 'ok' && answer.outcome.kind === 'visit_requested') {
      // Events may have told more already.
      if (this.request === null || this.request.over) this.told(answer.outcome.request);
      return null;
    }
    const outcome = ofAnswer(answer);
    return outcome.ok ? null : { is: 'other', refusal: outcome.refusal };
  }

  async cancel(): Promise<Outcome> {
    return ofAnswer(await this.port.command({ kind: 'cancel' }));
  }

  forget(): void {
    if (this.request?.over) this.request = null;
  }

  setAskable(askable: boolean): Promise<Outcome> { return this.#askable.set(askable); }
}

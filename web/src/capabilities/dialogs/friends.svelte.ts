/** Mutual friends: kept by the server, told with who I am. */
import type { Answer } from '../../engines/connection/machine';
import type { DialogsApi } from '../../engines/http/dialogs';
import type { PersonCommand } from '../../protocol/generated/types';
import type { Outcome, Person, UserId } from '../people/model';
import { person } from '../people/person';
import { ofAnswer } from '../people/refusal';
import type { Session } from '../people/session.svelte';
import { Finder } from './finding.svelte';
import type { Begun, FriendsModel } from './model';

export interface FriendsPort {
  readonly api: Pick<DialogsApi, 'people'>;
  readonly session: Pick<Session, 'me' | 'wire'>;
  person(command: PersonCommand): Promise<Answer>;
  begin(people: readonly UserId[], title: string): Promise<Begun>;
}

export class Friends implements FriendsModel {
  readonly finder: Finder;

  constructor(private readonly port: FriendsPort) {
    this.finder = new Finder((q) => port.api.people(q), () => port.session.me?.id ?? null);
  }

  get friends(): readonly Person[] { return (this.port.session.wire?.friends ?? []).map(person); }
  get requests(): readonly Person[] { return (this.port.session.wire?.friend_requests ?? []).map(person); }
  get asked(): readonly Person[] { return (this.port.session.wire?.friends_asked ?? []).map(person); }

  async befriend(user: UserId): Promise<Outcome> { return ofAnswer(await this.port.person({ kind: 'befriend', user })); }
  async unfriend(user: UserId): Promise<Outcome> { return ofAnswer(await this.port.person({ kind: 'unfriend', user })); }
  write(user: UserId): Promise<Begun> { return this.port.begin([user], ''); }
}

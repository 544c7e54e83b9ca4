/** The groups that I am or was in, and what was said in them. */
import type { GroupsApi } from '../../engines/http/groups';
import type { Api } from '../../engines/http/http';
import type { Message } from '../../protocol/generated/types';
import { person } from '../people/person';
import type { Loaded } from '../people/model';
import type { PastGroup } from './model';
import { content } from './words';

export interface ReadMessage {
  readonly position: number;
  readonly name: string;
  readonly text: string;
  readonly deleted: boolean;
  readonly at_ms: number;
}

/** What is read of one group. */
export interface Read {
  readonly id: string;
  readonly messages: readonly ReadMessage[];
  readonly more: 'none' | 'more' | 'loading' | 'failed';
}

export interface PastGroupsModel extends Loaded {
  /** Newest first. */
  readonly groups: readonly PastGroup[];
  readonly read: Read | null;
  /** Opens what was said in one, or closes it. */
  open(id: string | null): void;
  older(): void;
}

/** Above every position there is. */
const END = Number.MAX_SAFE_INTEGER;

export class PastGroups implements PastGroupsModel {
  state = $state<PastGroupsModel['state']>('loading');
  groups = $state.raw<readonly PastGroup[]>([]);
  read = $state.raw<Read | null>(null);
  #closed = false;

  constructor(private readonly api: GroupsApi, private readonly messages: Pick<Api, 'messagesBefore'>) {
    this.retry();
  }

  retry(): void {
    this.state = 'loading';
    void this.api.mine().then((reply) => {
      if (this.#closed) return;
      this.state = reply.is === 'ok' ? 'ready' : 'failed';
      if (reply.is !== 'ok') return;
      this.groups = reply.value.groups.map((one) => ({
        id: one.id, members: one.members.map(person), content: one.content && content(one.content), since_ms: one.since_ms, ended_ms: one.ended_ms,
      }));
    });
  }

  close(): void { this.#closed = true; }

  open(id: string | null): void {
    this.read = id === null ? null : { id, messages: [], more: 'more' };
    if (id !== null) this.older();
  }

  older(): void {
    const now = this.read;
    if (now === null || now.more === 'none' || now.more === 'loading') return;
    this.read = { ...now, more: 'loading' };
    void this.messages.messagesBefore(now.id, now.messages[0]?.position ?? END).then((reply) => {
      if (this.#closed || this.read?.id !== now.id) return;
      this.read = reply.is !== 'ok' ? { ...now, more: 'failed' }
        : { id: now.id, messages: [...reply.value.messages.map(shown), ...now.messages], more: reply.value.more ? 'more' : 'none' };
    });
  }
}

function shown(message: Message): ReadMessage {
  return { position: message.position, name: message.author.display_name, text: message.text, deleted: message.deleted === true, at_ms: message.at_ms };
}

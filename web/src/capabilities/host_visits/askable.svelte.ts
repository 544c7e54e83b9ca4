/** Whether other hosts may ask me for visits. */
import type { VisitsApi } from '../../engines/http/visits';
import type { Outcome } from '../people/model';
import { ofReply } from '../people/refusal';

export class Askable {
  /** Null while it is not known. */
  is = $state<boolean | null>(null);

  constructor(private readonly api: Pick<VisitsApi, 'preferences' | 'setPreferences'>) {}

  async read(): Promise<void> {
    const reply = await this.api.preferences();
    if (reply.is === 'ok') this.is = reply.value.host_visits;
  }

  /** What else is preferred stays, also where another device changed it meanwhile. */
  async set(askable: boolean): Promise<Outcome> {
    const now = await this.api.preferences();
    if (now.is !== 'ok') return ofReply(now);
    const reply = await this.api.setPreferences({ ...now.value, host_visits: askable });
    if (reply.is === 'ok') this.is = reply.value.host_visits;
    return ofReply(reply);
  }
}

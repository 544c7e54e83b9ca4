/** A real OpenID Connect provider in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { startHearth, type Hearth } from './hearth';

const CLIENT = 'hearth';
const SECRET = 'of the client, and +/% too';

export interface Village {
  readonly hearth: Hearth;
  /** The provider's issuer. */
  readonly issuer: string;
  stop(): Promise<void>;
}

/** A provider, and a server whose people can sign in with it. */
export async function startVillage(): Promise<Village> {
  const child = fork(resolve(__dirname, 'provider.mjs'), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const [{ issuer }] = await once(child, 'message') as [{ issuer: string }];
  const hearth = await startHearth({
    HEARTH_OIDC_ISSUER: issuer,
    HEARTH_OIDC_CLIENT_ID: CLIENT,
    HEARTH_OIDC_CLIENT_SECRET: SECRET,
    HEARTH_OIDC_NAME: 'The Village',
  });
  child.send({ client: CLIENT, secret: SECRET, redirect: `${hearth.url}/api/oidc/callback` });
  await once(child, 'message');
  return {
    hearth,
    issuer,
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await Promise.all([ended, hearth.stop()]);
    },
  };
}

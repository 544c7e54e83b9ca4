// A real OpenID Connect provider (the certified `oidc-provider`, with the sign-in pages it brings for development),
// in a process of its own: everybody who types a name there is that person.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const web = createRequire(new URL('../web/package.json', import.meta.url));
const { default: Provider } = await import(pathToFileURL(web.resolve('oidc-provider')).href);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
process.send({ issuer });
const [{ client, secret, redirect }] = await once(process, 'message');

const provider = new Provider(issuer, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, name: `${id} of the village`, email: `${id}@village.example` }),
  }),
  pkce: { required: () => true },
  cookies: { keys: ['for a test'] },
});
server.on('request', provider.callback());
process.send({ ready: true });
process.on('disconnect', () => process.exit());

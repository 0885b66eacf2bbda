import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectorHost } from '../../../src/connectors/connector.ts';
import type { ConnectorHarness, FaultName } from '../../../src/connectors/contract-harness.ts';
import { type ChatApi, type ChatConfig, createChatAdapter } from './adapter.ts';
import { type ChatFault, httpChatApi, serveChat } from './http.ts';
import { ChatPlatform, ChatRefusal, type ChatTraits } from './platform.ts';

const secret = 'a-token-that-nobody-may-see';
const anHour = 3_600_000;

const refusals: Readonly<Partial<Record<FaultName, ChatFault>>> = {
  replyLost: 'broken',
  hang: 'unanswered',
  rateLimited: new ChatRefusal(429, 'slow down', anHour),
  refused: new ChatRefusal(400, 'that is no message'),
  unauthenticated: new ChatRefusal(401, 'bad token'),
};

/** The fake chat platform over real sockets, with the strings that the contract suite pulls. */
export async function createChatHarness(traits: ChatTraits): Promise<ConnectorHarness> {
  const platform = new ChatPlatform(traits, secret);
  const faults = new Map<string, ChatFault>();
  let isUnreachable = false;
  const server = await serveChat(platform, (op) => {
    const fault = faults.get(op);
    faults.delete(op);
    return fault;
  });
  const nowhere = `http://127.0.0.1:${await closedPort()}`;
  const apiOf = (host: ConnectorHost<ChatConfig>): ChatApi => {
    const [near, far] = [httpChatApi(host), httpChatApi({ ...host, config: { baseUrl: nowhere } })];
    return {
      ...near,
      post: (...args) => {
        const api = isUnreachable ? far : near;
        isUnreachable = false;
        return api.post(...args);
      },
    };
  };
  const onPost = (name: FaultName, afterMs?: number): { readonly provoke: () => { afterMs?: number } } => ({
    provoke() {
      faults.set('post', refusals[name]!);
      return afterMs === undefined ? {} : { afterMs };
    },
  });
  let said = 0;

  return {
    adapter: createChatAdapter(traits, apiOf),
    config: { baseUrl: server.url },
    secret,
    identities: [
      {
        entity: 'user',
        canonical: 'chat:user:ada',
        spellings: ['ada', '<@ada>'],
        wrong: ['chat:role:ada', '<#ada>'],
      },
      { entity: 'conversation', canonical: 'room-1', spellings: [], wrong: ['room/1'] },
    ],
    async say({ text, elsewhere, inThread }) {
      const id = `said-${++said}`;
      const place = { conversation: elsewhere ? 'hall' : 'room', ...(inThread ? { thread: 'aside' } : {}) };
      platform.say({ id, sender: 'ada', text, ...place });
      return { message: id, ...place };
    },
    isAcknowledged: ({ message }) => platform.isAcknowledged(message),
    catchesUp: true,
    happen: {},
    shown: () => platform.posted.map(({ id, key: _key, ...shown }) => ({ message: id, ...shown })),
    faults: {
      requestLost: {
        provoke() {
          isUnreachable = true;
          return {};
        },
      },
      replyLost: onPost('replyLost'),
      hang: onPost('hang'),
      rateLimited: onPost('rateLimited', anHour),
      refused: onPost('refused'),
      unauthenticated: onPost('unauthenticated'),
      sessionLost: {
        provoke() {
          faults.set('updates', 'broken');
          return {};
        },
      },
    },
    close: () => server.close(),
  };
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

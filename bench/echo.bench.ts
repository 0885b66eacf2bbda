// Question: how long does a person wait for the echo of a message, from when the connector hands it over until
// the platform has the reply? On the way are two commits before the reply is sent, each with an fsync.
// Aim: p50 under 10 ms.
import { createEchoAdapter } from '../src/connectors/echo/adapter.ts';
import type { ConnectorAdapter, ConnectorSession } from '../src/connectors/connector.ts';
import { Config } from '../src/config.ts';
import { startDaemon } from '../src/main.ts';
import type { Figure } from './support/figure.ts';
import { percentile, round } from './support/machine.ts';
import { inTempDir } from './support/temp-dir.ts';

const warmUp = 200;
const messages = 1_000;
const p50MsMax = 10;

export function measure(): Promise<readonly Figure[]> {
  return inTempDir(async (stateDir) => {
    const echo = new WatchedEcho();
    const anyPort = { host: '127.0.0.1', port: 0 };
    const daemon = await startDaemon({
      place: { stateDir, ingress: anyPort, admin: anyPort },
      config: Config.parse({}),
      env: {},
      version: 'bench',
      logTo: { write: () => undefined, format: 'json', level: 'error' },
      onFatal: (error) => {
        throw error;
      },
      adapters: [echo.adapter],
    });
    await echo.opened;
    await measureTimes(echo, 1, warmUp, 'warm');
    const alone = await measureTimes(echo, 1, messages, 'alone');
    const together = await measureTimes(echo, 20, messages, 'together');
    await daemon.stop();
    const p50 = percentile(alone, 0.5);
    const aim = { aim: `p50 under ${p50MsMax} ms`, met: p50 < p50MsMax };
    return [{ ...figure('one at a time', alone), ...aim }, figure('20 conversations at once', together)];
  });
}

function figure(how: string, times: readonly number[]): Figure {
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  return { name: `echo: round trip, ${how}`, figure: `p50 ${round(p50)} ms, p99 ${round(p99)} ms` };
}

/** In each of so many conversations, one message after the echo of the one before. */
async function measureTimes(
  echo: WatchedEcho,
  conversations: number,
  count: number,
  name: string,
): Promise<number[]> {
  const times: number[] = [];
  const talk = async (conversation: string): Promise<void> => {
    for (let index = 0; index < count / conversations; index++)
      times.push(await echo.roundTrip(conversation, `${name}-${index}`));
  };
  await Promise.all(Array.from({ length: conversations }, (_, index) => talk(`${name}-${index}`)));
  return times;
}

/** The echo connector as it is, and when what is sent arrives at its platform. */
class WatchedEcho {
  readonly adapter: ConnectorAdapter;
  readonly opened: Promise<ConnectorSession>;
  readonly #arrivals = new Map<string, () => void>();

  constructor() {
    const { promise, resolve } = Promise.withResolvers<ConnectorSession>();
    const echo = createEchoAdapter();
    this.opened = promise;
    this.adapter = {
      ...echo,
      open: async (host, signal) => {
        const session = await echo.open(host as never, signal);
        const watched: ConnectorSession = {
          ...session,
          sendOutbound: (part, limited) => {
            const sent = session.sendOutbound(part, limited);
            this.#arrivals.get(part.address.conversation)?.();
            return sent;
          },
        };
        resolve(watched);
        return watched;
      },
    };
  }

  async roundTrip(conversation: string, messageId: string): Promise<number> {
    const session = await this.opened;
    const arrived = new Promise<void>((resolve) => this.#arrivals.set(conversation, resolve));
    const startedAt = performance.now();
    await session.simulate?.({
      conversation,
      messageId,
      text: 'hello',
      sender: 'bench',
      senderIsBot: false,
      direct: true,
      mentionsSelf: false,
    });
    await arrived;
    return performance.now() - startedAt;
  }
}

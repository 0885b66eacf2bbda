import type { Channel, Message, User } from '../fakes/discord/entities.ts';
import { type TestDaemon, until } from './daemon.ts';
import { connector, type DiscordWorld, repliesIn } from './discord-daemon.ts';

/** Waits that do not slow a suite down. */
export const hasty = {
  worker: { leaseMs: 2_000, pollMs: 500, graceMs: 1_000 },
  connectors: { claimMs: 2_000, backoffMsMin: 20, backoffMsMax: 200 },
  inbox: { retryMsMin: 20, retryMsMax: 200 },
  outbox: { retryMsMin: 20, retryMsMax: 200 },
} as const;

/** The events that were accepted, the oldest first. */
export async function inboxOf(daemon: TestDaemon, source = connector) {
  const { items } = await daemon.api('GET /inbox', { query: { source, limit: 500 } });
  return items.toReversed().flatMap(({ event, ...record }) => (event ? [{ ...record, event }] : []));
}

/** The texts of what people have said and was accepted, the oldest first. */
export async function heard(daemon: TestDaemon, source = connector): Promise<readonly string[]> {
  const events = await inboxOf(daemon, source);
  return events.flatMap(({ event }) =>
    event.type === 'message.created' && event.sender.kind === 'human' ? [event.text] : [],
  );
}

/** Nothing of what was accepted is under way. */
export function quiet(daemon: TestDaemon): Promise<true> {
  return until(async () => {
    const { inbox, outbox } = await daemon.api('GET /status');
    return inbox.pending + outbox.pending === 0 || undefined;
  });
}

export async function gapsOf(daemon: TestDaemon, id = connector) {
  return (await daemon.api('GET /gaps', { query: { connector: id } })).items;
}

/** The newest first, once there are `count` of them and every one is explained. */
export function gapsSettled({ daemon }: Pick<DiscordWorld, 'daemon'>, count = 1) {
  return until(async () => {
    const gaps = await gapsOf(daemon);
    return gaps.length >= count && gaps.every(({ state }) => state !== 'open') ? gaps : undefined;
  });
}

/** Says something in the direct messages of the world, or where it is told, and waits for so many answers more. */
export async function talk(
  { fake, user }: Pick<DiscordWorld, 'fake' | 'user'>,
  content: string,
  { channel = fake.dm(user), author = user }: { readonly channel?: Channel; readonly author?: User } = {},
): Promise<Message> {
  const before = repliesIn(fake, channel).length;
  const said = fake.say({ channel, author, content });
  await fake.until(() => repliesIn(fake, channel).length > before, `an answer to ${content}`);
  return said;
}

/** What the bot has written there, the oldest first. */
export function saidIn({ fake }: Pick<DiscordWorld, 'fake'>, channel: Channel): readonly string[] {
  return repliesIn(fake, channel).map(({ content }) => content);
}

/** From now on the turns are answered by the agent at this address. */
export async function useAgent(daemon: TestDaemon, url: string, fields: object = {}): Promise<void> {
  await daemon.api('PUT /agents/{id}', {
    params: { id: 'echo' },
    body: { kind: 'http', config: { url }, ...fields },
  });
}

export interface Sent {
  readonly message: string;
  /** Its parts, once nothing more will happen to them by themselves. */
  readonly parts: Awaited<ReturnType<typeof partsOf>>;
}

let keys = 0;

/** Sends a message by the API and waits for what becomes of it. */
export async function sendBy(
  daemon: TestDaemon,
  text: string,
  place: { readonly conversation: string; readonly thread?: string; readonly replyTo?: string },
  { extras, id = connector }: { readonly extras?: Record<string, unknown>; readonly id?: string } = {},
): Promise<Sent> {
  const { message } = await daemon.api('POST /messages', {
    body: {
      connector: id,
      ...place,
      operation: { op: 'send', text, ...(extras === undefined ? {} : { extras }) },
    },
    idempotencyKey: `scene-${++keys}`,
  });
  return { message, parts: await settledParts(daemon, message) };
}

function settledParts(daemon: TestDaemon, message: string): ReturnType<typeof partsOf> {
  return until(async () => {
    const parts = await partsOf(daemon, message);
    return parts.every(({ state }) => state !== 'pending') ? parts : undefined;
  });
}

async function partsOf(daemon: TestDaemon, id: string) {
  return (await daemon.api('GET /messages/{id}', { params: { id } })).parts;
}

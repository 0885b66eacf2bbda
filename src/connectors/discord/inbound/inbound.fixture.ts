import { readFileSync } from 'node:fs';
import { discordConnectorId } from '../identity.ts';
import { Directory } from './directory.ts';
import type { Inbound, InboundContext } from './inbound-context.ts';
import { toEvents } from './to-events.ts';

export const connector = discordConnectorId();
export const selfId = '900000000000000001';
export const applicationId = '900000000000000002';
/** When the tests are, in Unix ms. */
export const now = 1_785_000_000_000;

/** An example of the documentation, by the name of its file in test/fixtures/discord. */
export function example(name: string): Record<string, unknown> {
  const file = new URL(`../../../../test/fixtures/discord/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { payload: Record<string, unknown> }).payload;
}

/** A directory that has been told these dispatches. */
export function directoryOf(...told: readonly (readonly [type: string, data: unknown])[]): Directory {
  const directory = new Directory(selfId);
  for (const [type, data] of told) directory.apply({ type, data });
  return directory;
}

/** Of a directory that knows the channel and the thread of the documentation's examples, unless told otherwise. */
export function contextOf(fields: Partial<InboundContext> = {}, directory = knowing()): InboundContext {
  return {
    connectorId: connector,
    selfId,
    applicationId,
    channel: (id) => directory.channel(id),
    selfRoles: (guild) => directory.selfRoles(guild),
    dispatchKey: 'session:1',
    now,
    ...fields,
  };
}

function knowing(): Directory {
  return directoryOf(
    ['CHANNEL_CREATE', example('channel-text')],
    ['THREAD_CREATE', example('channel-thread')],
  );
}

/** What became of one dispatch. */
export function inboundOf(type: string, data: unknown, context = contextOf()): Inbound {
  return toEvents({ type, data }, context);
}

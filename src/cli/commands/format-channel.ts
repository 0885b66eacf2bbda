import type { Answer } from '../client.ts';
import { facts, time, words } from '../output.ts';

export type Channel = Answer<'GET /channels'>['channels'][number] & Partial<Answer<'GET /channels/{id}'>>;

export function formatChannel(channel: Channel): string {
  const { status, reception, queue } = channel;
  const detail = 'detail' in status ? `: ${status.code}, ${status.detail}` : '';
  const retry = 'retryAt' in status ? `, next try ${time(status.retryAt)}` : '';
  return facts([
    ['connector', channel.id],
    ['state', `${status.state} since ${time(status.since)}${detail}${retry}`],
    ['receiving', reception && receptionWords(reception)],
    ['restarts', channel.restarts],
    ['credential', channel.secretRef],
    ['outbox', `${queue.pending} pending, ${queue.held} held, ${queue.dead} dead`],
    ['inbox', `${queue.inboxPending} pending, ${queue.inboxDead} dead`],
    ['queue', queueWord(channel)],
    ['reach', channel.notices?.join('; ') || undefined],
    ...runtimeFacts(channel.runtime),
  ]);
}

function receptionWords(reception: NonNullable<Channel['reception']>): string {
  const since = `since ${time(reception.since)}`;
  return reception.ok ? since : `not ${since}: ${reception.detail}`;
}

/** Each part of what the platform says of its session on a line of its own. */
function runtimeFacts(runtime: Channel['runtime'] = {}): readonly (readonly [string, string | undefined])[] {
  return Object.entries(runtime).map(([key, value]) => {
    const text = Array.isArray(value) ? value.map(oneLine).join('; ') : oneLine(value);
    return [key, text === '' ? undefined : text];
  });
}

function oneLine(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? words(value as Readonly<Record<string, unknown>>)
    : String(value);
}

/** A session can be live, and not hear its platform. */
export function stateWord(state: string, receiving: boolean | undefined): string {
  return state === 'running' && receiving === false ? 'running, not receiving' : state;
}

export function queueWord({ queue }: Channel): string {
  if (queue.draining) return 'draining';
  if (queue.paused) return `paused: ${queue.pauseReason ?? ''}`;
  return queue.holdReason === undefined ? 'moving' : `on hold: ${queue.holdReason}`;
}

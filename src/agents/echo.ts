import { z } from 'zod';
import { cutBytes } from '../domain/fit-event.ts';
import type { ChatEvent, InboundWebhook } from '../domain/inbound-event.ts';
import type { AgentKind } from './agent.ts';

/** Says back what it is told: for a first reply within a minute, and to see that a route works. */
export const echoAgent: AgentKind = {
  kind: 'echo',
  title: 'Echo',
  configSchema: z.strictObject({}),
  create: () => ({
    async run({ event, body }, out, signal) {
      signal.throwIfAborted();
      out.send({
        op: 'send',
        text: event.type === 'webhook' ? describeWebhook(event, body) : `echo: ${describeChat(event)}`,
      });
      return { kind: 'answered' };
    },
  }),
};

function describeChat(event: ChatEvent): string {
  switch (event.type) {
    case 'message.created':
    case 'message.edited':
      return event.text === '' ? `(${event.attachments.length} attachments)` : event.text;
    case 'command':
      return `/${event.name} ${JSON.stringify(event.args)}`;
    case 'action':
      return `${event.action} ${JSON.stringify(event.values)}`;
    case 'reaction.added':
    case 'reaction.removed':
      return `${event.type} ${event.emoji}`;
    case 'membership':
      return `${event.change} ${event.member}`;
    case 'message.deleted':
      return event.type;
  }
}

/** One line that a person recognises: `github push: octo/site, 1234 bytes`. Never the payload. */
function describeWebhook({ provider, event }: InboundWebhook, body: Uint8Array | undefined): string {
  const facts = [subjectOf(body), body && `${body.length} bytes`].filter((fact) => fact !== undefined);
  return facts.length === 0 ? `${provider} ${event}` : `${provider} ${event}: ${facts.join(', ')}`;
}

/** Where payloads tend to say what they are about, the most telling first. */
const subjectPaths = [
  ['repository', 'full_name'],
  ['repository', 'name'],
  ['project', 'path_with_namespace'],
  ['project', 'name'],
  ['subject'],
  ['title'],
  ['name'],
  ['type'],
  ['data', 'object', 'id'],
  ['data', 'id'],
  ['id'],
];

/** Larger ones are not worth holding up the event loop for. */
const parsedBytesMax = 1024 * 1024;
const subjectBytesMax = 80;

function subjectOf(body: Uint8Array | undefined): string | undefined {
  if (!body || body.length > parsedBytesMax) return undefined;
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  const subject = subjectPaths
    .map((path) => path.reduce(memberOf, payload))
    .find((value) => typeof value === 'string' && value !== '');
  return typeof subject === 'string'
    ? cutBytes(subject.replace(/\p{Cc}+/gu, ' '), subjectBytesMax)
    : undefined;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

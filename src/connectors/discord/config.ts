import { z } from 'zod';
import { type EgressPolicy, hostOf } from '../../lib/net-guard.ts';

/** From nobody to everybody: each lets through what the ones before it do. */
export const mentionPolicies = ['none', 'users', 'roles', 'everyone'] as const;
export type MentionPolicy = (typeof mentionPolicies)[number];

const ApiBaseUrl = z
  .string()
  .max(512)
  .refine(isApiBaseUrl, 'Write it like https://discord.com/api/v10, without user name, query or fragment')
  .default('https://discord.com/api/v10')
  .describe('Where the REST API is. The gateway is where that API says.');

export const DiscordConfig = z
  .strictObject({
    apiBaseUrl: ApiBaseUrl,
    allowPrivateNetwork: z
      .boolean()
      .default(false)
      .describe('Admits private and loopback addresses, and http: for a server of your own.'),
    mentions: z
      .enum(mentionPolicies)
      .default('none')
      .describe(
        'Whom an agent may notify, if it asks to. Without this, mentions are shown and notify nobody.',
      ),
    overflow: z
      .enum(['split', 'file'])
      .default('split')
      .describe('What becomes of an answer that is too long: more messages, or one with the text as a file.'),
    overflowAfterParts: z
      .int()
      .min(1)
      .max(50)
      .default(5)
      .describe('With overflow "file": how many messages an answer may take before it becomes a file.'),
  })
  .refine(({ apiBaseUrl, allowPrivateNetwork }) => allowPrivateNetwork || apiBaseUrl.startsWith('https:'), {
    path: ['apiBaseUrl'],
    message: 'Use https:, or set allowPrivateNetwork for a server of your own',
  });
export type DiscordConfig = z.infer<typeof DiscordConfig>;

/** Where the requests to the REST API may go: its host and nowhere else. */
export function apiEgress({
  apiBaseUrl,
  allowPrivateNetwork,
}: Pick<DiscordConfig, 'apiBaseUrl' | 'allowPrivateNetwork'>): EgressPolicy {
  return {
    hosts: [hostOf(new URL(apiBaseUrl))],
    allowPrivate: allowPrivateNetwork,
    allowHttp: allowPrivateNetwork,
  };
}

function isApiBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    !/[?#@\s\\]/.test(text) &&
    url.hostname !== ''
  );
}

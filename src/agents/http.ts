import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';
import { parseVaultRef } from '../domain/vault-ref.ts';
import { checkUrl, type EgressPolicy, hostOf, isPrivateHost } from '../lib/net-guard.ts';
import type { Agent, AgentDeps, AgentKind, Turn } from './agent.ts';
import { readAnswer } from './http-answer.ts';
import { toRequestBody } from './http-request.ts';
import { signWebhook } from './http-signature.ts';

const hourMs = 60 * 60 * 1000;

const Config = z
  .strictObject({
    url: z.string().describe('Where every turn is posted to. Plain http only within a private network.'),
    secretRef: z
      .string()
      .optional()
      .describe('Vault reference of the secret that signs the requests, after Standard Webhooks.'),
    awaitMs: z
      .int()
      .min(1_000)
      .max(7 * 24 * hourMs)
      .default(hourMs)
      .describe('How long after answering 202 the agent may take to post its messages.'),
    allowPrivateNetwork: z
      .boolean()
      .default(false)
      .describe(
        'Lets the name in the URL stand for a private address. A private address or localhost in the URL itself needs no leave.',
      ),
  })
  .superRefine((config, context) => {
    const complain = (key: string, check: () => unknown): void => {
      try {
        check();
      } catch (error) {
        context.addIssue({ code: 'custom', path: [key], message: AppError.from(error).message });
      }
    };
    complain('url', () => checkUrl(config.url, policyOf(config)));
    complain('secretRef', () => config.secretRef === undefined || parseVaultRef(config.secretRef));
  });

type HttpConfig = z.infer<typeof Config>;

/** An agent behind a URL, in any language: see docs/agents.md. */
export const httpAgent: AgentKind<HttpConfig> = {
  kind: 'http',
  title: 'HTTP',
  configSchema: Config,
  create: createHttpAgent,
};

function createHttpAgent(config: HttpConfig, deps: AgentDeps): Agent {
  const { fetch, clock } = deps;
  const policy = policyOf(config);
  return {
    async run(turn, out, signal) {
      const body = toRequestBody(turn);
      const response = await fetch({
        url: config.url,
        method: 'POST',
        headers: await headersOf(turn, body, config, deps),
        body,
        policy,
        signal,
        timeoutMs: Math.max(turn.deadlineAt - clock.now(), 1),
        responseBytesMax: limits.agentAnswerBytesMax,
      });
      const answer = await readAnswer(response, clock.now(), (text, ahead) => {
        if (!signal.aborted) out.draft(text, ahead);
      });
      signal.throwIfAborted();
      if (answer.kind === 'awaiting') return { kind: 'awaiting', untilAt: clock.now() + config.awaitMs };
      for (const message of answer.messages) out.send(message);
      return { kind: 'answered' };
    },
  };
}

async function headersOf(
  turn: Turn,
  body: string,
  { secretRef }: HttpConfig,
  deps: AgentDeps,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(deps.clock.now() / 1000);
  const secret = secretRef === undefined ? undefined : await deps.resolveSecret(parseVaultRef(secretRef));
  return {
    'content-type': 'application/json',
    accept: 'application/json, application/x-ndjson',
    'user-agent': `palyra/${deps.version}`,
    traceparent: turn.traceparent,
    'palyra-attempt': String(turn.attempt),
    'webhook-id': turn.id,
    'webhook-timestamp': String(timestamp),
    ...(secret === undefined ? {} : { 'webhook-signature': signWebhook(secret, turn.id, timestamp, body) }),
  };
}

/** Who writes a private address means it; a public name that turns out to be one may be an attack. */
function policyOf({
  url,
  allowPrivateNetwork,
}: Pick<HttpConfig, 'url' | 'allowPrivateNetwork'>): EgressPolicy {
  const parsed = URL.parse(url);
  const host = parsed ? hostOf(parsed) : '';
  const allowPrivate = allowPrivateNetwork || isPrivateHost(host);
  return { hosts: [host], allowPrivate, allowHttp: allowPrivate };
}

import { strict as assert } from 'node:assert';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { ConnectorId, DeliveryId, IntegrationId, RuleId, SourceId, TurnId } from '../domain/ids.ts';
import { type InboundEvent, inboundEventTypes } from '../domain/inbound-event.ts';
import type { Agent, Turn } from './agent.ts';
import { turnMessageSchema } from './turn-message.ts';
import { collectTurnOutput, retryAfterOf } from './turn-output.ts';

/** An agent and the strings to pull on its far side, where it has one. */
export interface AgentHarness {
  readonly agent: Agent;
  /** Turn ids as they arrived on the far side. */
  readonly seenTurns?: () => readonly string[];
  /** From now on the far side takes a turn and does not answer it until it is let go. */
  readonly hang?: () => { readonly holding: Promise<void>; readonly letGo: () => void };
  readonly failures: readonly ProvokedFailure[];
  close(): Promise<void>;
}

/** A way to fail, which the next turn then does. */
export interface ProvokedFailure {
  readonly name: string;
  readonly provoke: () => void;
  readonly code: ErrorCode;
  readonly retryAfterMs?: number;
}

/** What every agent must do. Independent of any test runner: it throws when it is not so. */
export interface AgentCase {
  readonly name: string;
  readonly check: (harness: AgentHarness) => Promise<void>;
}

/** A turn on a message; `given` overrides whatever a case cares about. */
export function contractTurn(given: Partial<Turn> & { readonly text?: string } = {}): Turn {
  const { text = 'hello', ...rest } = given;
  return {
    id: 'turn_01k0000000000000000000000a' as TurnId,
    attempt: 1,
    event: eventOf('message.created', text),
    sessionKey: 'echo:default/room',
    rule: 'everything' as RuleId,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    deadlineAt: Number.MAX_SAFE_INTEGER,
    ...rest,
  };
}

export const agentCases: readonly AgentCase[] = [
  {
    name: 'answers a message with messages that a conversation can take',
    async check({ agent }) {
      const out = collectTurnOutput();

      const end = await agent.run(contractTurn(), out, never());

      assert.deepEqual(end, { kind: 'answered' });
      assert.ok(out.messages.length > 0, 'It answered nothing.');
      for (const message of out.messages) turnMessageSchema.parse(message);
    },
  },
  {
    name: 'answers every attempt of a turn alike, under the one id',
    async check({ agent, seenTurns }) {
      const answers = [];
      for (const attempt of [1, 2, 3]) {
        const out = collectTurnOutput();
        await agent.run(contractTurn({ attempt }), out, never());
        answers.push(out.messages);
      }

      assert.deepEqual(answers[1], answers[0]);
      assert.deepEqual(answers[2], answers[0]);
      for (const id of seenTurns?.() ?? []) assert.equal(id, contractTurn().id);
    },
  },
  {
    name: 'takes every kind of event, and changes nothing of it',
    async check({ agent }) {
      for (const type of inboundEventTypes) {
        const body = type === 'webhook' ? { body: Buffer.from('{"action":"opened"}') } : {};
        const turn = contractTurn({ event: eventOf(type, 'hello'), ...body });
        const before = structuredClone(turn);

        await agent.run(turn, collectTurnOutput(), never());

        assert.deepEqual(structuredClone(turn), before, `It changed a turn on ${type}.`);
      }
    },
  },
  {
    name: 'keeps turns apart that run at once',
    async check({ agent }) {
      const texts = Array.from({ length: 20 }, (_, index) => `turn number ${index}.`);

      const answers = await Promise.all(
        texts.map(async (text, index) => {
          const out = collectTurnOutput();
          await agent.run(contractTurn({ id: `turn_${index}` as TurnId, text }), out, never());
          return JSON.stringify(out.messages);
        }),
      );

      texts.forEach((text, index) => {
        assert.ok(
          answers[index]?.includes(text),
          `The answer to "${text}" is another's: ${answers[index] ?? ''}`,
        );
      });
    },
  },
  {
    name: 'does not begin when it is too late',
    async check({ agent, seenTurns }) {
      const out = collectTurnOutput();

      await assert.rejects(
        agent.run(contractTurn(), out, AbortSignal.abort(new AppError('timeout', 'Too late.'))),
      );

      assert.deepEqual(out.messages, []);
      assert.deepEqual(seenTurns?.() ?? [], []);
    },
  },
  {
    name: 'ends when it is stopped, and sends nothing from then on',
    async check({ agent, hang }) {
      if (!hang) return;
      const { holding, letGo } = hang();
      const stop = new AbortController();
      const out = collectTurnOutput();
      const running = agent.run(contractTurn(), out, stop.signal);
      running.catch(() => undefined);
      await holding;

      stop.abort(new AppError('timeout', 'Too late.'));

      await assert.rejects(running, isAppError('timeout'));
      letGo();
      await new Promise(setImmediate);
      assert.deepEqual(out.messages, []);
    },
  },
  {
    name: 'lets it pass that a message is over a limit',
    async check({ agent }) {
      const refusal = new AppError('too_large', 'One too many.');
      const out = {
        send: () => {
          throw refusal;
        },
        draft: () => undefined,
      };

      await assert.rejects(agent.run(contractTurn(), out, never()), refusal);
    },
  },
  {
    name: 'says of every failure what to do about it, and sends nothing then',
    async check({ agent, failures }) {
      for (const { name, provoke, code, retryAfterMs } of failures) {
        const out = collectTurnOutput();
        provoke();

        const thrown = await agent.run(contractTurn(), out, never()).then(
          () => undefined,
          (error: unknown) => error,
        );

        assert.ok(
          isAppError(code)(thrown),
          `When ${name}: ${code} expected, but it came to ${String(thrown)}`,
        );
        assert.equal(retryAfterOf(thrown), retryAfterMs, `When ${name}: another wait than it asked for.`);
        assert.deepEqual(out.messages, [], `When ${name}: it sent something.`);
      }
    },
  },
];

function never(): AbortSignal {
  return new AbortController().signal;
}

function isAppError(code: ErrorCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof AppError && thrown.code === code;
}

function eventOf(type: InboundEvent['type'], text: string): InboundEvent {
  if (type === 'webhook') {
    return {
      type,
      source: 'webhook:repo' as SourceId,
      dedupeKey: 'delivery:1',
      lane: 'webhook:repo',
      occurredAt: 1_750_000_000_000,
      integration: 'repo' as IntegrationId,
      provider: 'generic',
      event: 'push',
      delivery: 'dlv_1' as DeliveryId,
      contentType: 'application/json',
    };
  }
  const connector = 'echo:default' as ConnectorId;
  const base = {
    source: connector,
    dedupeKey: 'message:room:m1',
    lane: 'echo:default/room',
    occurredAt: 1_750_000_000_000,
    address: { connector, conversation: 'room', message: 'm1' },
    sender: { id: 'echo:user:ada', display: 'Ada', kind: 'human', verified: true, roles: [] },
    direct: true,
  } as const;
  const mentions = { self: false, everyone: false, users: [] };
  const contents = { text, attachments: [], mentions, broadcast: false };
  switch (type) {
    case 'message.created':
    case 'message.edited':
      return { type, ...base, ...contents };
    case 'message.deleted':
      return { type, ...base };
    case 'reaction.added':
    case 'reaction.removed':
      return { type, ...base, emoji: '👍' };
    case 'command':
      return { type, ...base, name: 'deploy', args: { to: 'production' } };
    case 'action':
      return { type, ...base, action: 'approve', values: { yes: true } };
    case 'membership':
      return { type, ...base, change: 'joined', member: 'echo:user:ada' };
  }
}

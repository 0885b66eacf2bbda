import { expect } from 'vitest';
import { accessLines } from './access-lines.ts';
import { asJson, good, palyra } from './cli.ts';
import type { TestDaemon } from './daemon.ts';
import { setupLines } from './setup-lines.ts';

/** How a command is tried: what follows its name, and what it says. */
export interface CommandLine {
  /** Makes ready what it needs, which may be used up by it. */
  readonly args: (daemon: TestDaemon) => Promise<readonly string[]> | readonly string[];
  readonly stdin?: string;
  readonly says: RegExp;
  /** What must be there in JSON, besides anything else. */
  readonly answers: unknown;
}

let made = 0;

function fresh(word: string): string {
  return `${word}-${++made}`;
}

/** A list with such a thing in it; without one, any list. */
function some(thing?: object): unknown {
  return thing ? expect.arrayContaining([expect.objectContaining(thing)]) : expect.any(Array);
}

async function connector(daemon: TestDaemon, ...flags: readonly string[]): Promise<readonly string[]> {
  const account = fresh('account');
  await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', account, ...flags);
  return [`echo:${account}`];
}

async function hook(daemon: TestDaemon, ...flags: readonly string[]): Promise<readonly string[]> {
  const id = fresh('hook');
  await good(daemon, 'webhooks', 'add', id, 'github', '--generate-secret', ...flags);
  return [id];
}

async function secret(daemon: TestDaemon): Promise<readonly string[]> {
  const ref = `global/${fresh('secret')}`;
  await good({ stateDir: daemon.stateDir, stdin: 'a value' }, 'secrets', 'set', ref);
  return [ref];
}

async function answeredEvent(daemon: TestDaemon): Promise<string> {
  const { event } = await asJson<{ event: string }>(daemon, 'channels', 'test', 'echo:default');
  return event;
}

/** The part of an answer that the platform refuses. */
async function deadLetter(daemon: TestDaemon): Promise<string> {
  const { stdout } = await palyra(daemon, 'channels', 'test', 'echo:default', '--text', '[nack]', '--json');
  const { trace } = JSON.parse(stdout) as { trace: { parts: readonly { id: string }[] } };
  return trace.parts[0]?.id ?? '';
}

/** Every command by its full name. `up` is not here: it needs a process of its own. */
export const commandLines: Readonly<Record<string, CommandLine>> = {
  ...accessLines,
  ...setupLines,

  status: {
    args: () => [],
    says: /^version .*\n[^]*SIGNAL +OK +DETAIL\n[^]*echo:default +running/,
    answers: { readiness: { ready: true }, vault: { state: 'open' } },
  },
  doctor: {
    args: () => [],
    says: /^✓ node: \d+/,
    answers: { checks: some({ name: 'vault', level: 'ok' }) },
  },
  logs: {
    args: () => ['--limit', '5'],
    says: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {3,}\S/,
    answers: some({ level: 'info' }),
  },
  trace: {
    args: async (daemon) => [await answeredEvent(daemon)],
    says: /^evt_\S+ {2}delivered \(delivered\) {2}.*Z\n +\+0ms {2}accepted [^]*outcome +state=delivered/,
    answers: { state: 'delivered', reason: 'delivered', steps: some({ kind: 'accepted' }) },
  },
  why: {
    args: async (daemon) => [await answeredEvent(daemon)],
    says: /^It was answered and delivered: .*\.\n/,
    answers: { state: 'delivered' },
  },

  'channels list': {
    args: () => [],
    says: /^CONNECTOR +STATE .*\n(.*\n)*echo:default +running/,
    answers: some({ id: 'echo:default', enabled: true }),
  },
  'channels status': {
    args: () => ['echo:default'],
    says: /^connector {2}echo:default\nstate +running since .*Z\n/,
    answers: { id: 'echo:default' },
  },
  'channels add': {
    args: () => ['--provider', 'echo', '--account', fresh('added')],
    says: /^connector {2}echo:added-\d+\n/,
    answers: { kind: 'echo', enabled: true },
  },
  'channels enable': {
    args: (daemon) => connector(daemon, '--disabled'),
    says: /^echo:\S+ is on \(\w+\)\.\n$/,
    answers: { enabled: true },
  },
  'channels disable': {
    args: (daemon) => connector(daemon),
    says: /^echo:\S+ is off \(disabled\)\.\n$/,
    answers: { enabled: false },
  },
  'channels remove': { args: (daemon) => connector(daemon), says: /^echo:\S+ is removed\.\n$/, answers: {} },
  'channels capabilities': {
    args: () => ['echo:default'],
    says: /^Echo [^]*\nOPERATION +SUPPORTED .*\nsend +yes/,
    answers: { kind: 'echo', operations: some({ operation: 'send', supported: true }) },
  },
  'channels pause': {
    args: async (daemon) => [...(await connector(daemon)), '--reason', 'lunch'],
    says: /^echo:\S+ is paused; 0 pending\.\n$/,
    answers: { paused: true, pauseReason: 'lunch' },
  },
  'channels resume': {
    args: (daemon) => connector(daemon),
    says: /^echo:\S+ goes on; 0 pending\.\n$/,
    answers: { paused: false },
  },
  'channels drain': {
    args: (daemon) => connector(daemon),
    says: /^On the way now: 0 parts\. Watch: /,
    answers: { parts: 0 },
  },
  'channels logs': {
    args: () => ['echo:default'],
    says: /Z {3,}connector\.status +echo:default {2}state=starting/,
    answers: some({ source: 'echo:default' }),
  },
  'channels test': {
    args: () => ['echo:default', '--text', 'hello'],
    says: /^you {4}hello\nreply {2}echo: hello {2}\(delivered\)\n\nevt_/,
    answers: { duplicate: false, trace: { state: 'delivered' } },
  },
  'channels dead-letters list': {
    args: async (daemon) => {
      await deadLetter(daemon);
      return [];
    },
    says: /^ID +QUEUE .*\nprt_\S+ +outbox +echo:default +dead +platform_rejected +1 /,
    answers: { items: some({ state: 'dead', reason: 'platform_rejected' }) },
  },
  'channels dead-letters show': {
    args: async (daemon) => [await deadLetter(daemon)],
    says: /^id +prt_\S+\n[^]*attempts +1\n\{"/,
    answers: { queue: 'outbox', contents: {} },
  },
  'channels dead-letters replay': {
    args: async (daemon) => [await deadLetter(daemon)],
    says: /^prt_\S+: back in line\.\n$/,
    answers: { replay: true },
  },
  'channels dead-letters discard': {
    args: async (daemon) => [await deadLetter(daemon)],
    says: /^prt_\S+: thrown away\.\n$/,
    answers: { discard: true },
  },

  'message send': {
    args: () => ['echo:default', 'room', '--text', 'hello'],
    says: /^msg_\S+ is stored \(1 part\)\. Follow it: palyra trace msg_\S+\n$/,
    answers: { added: true },
  },

  'router rules list': {
    args: () => [],
    says: /^RULE +POSITION .*\n(.*\n)*echo +999999 +yes +sources=echo:default +accept +echo/,
    answers: some({ id: 'echo', action: 'accept' }),
  },
  'router rules set': {
    args: () => [fresh('rule'), '--source', 'echo:default', '--type', 'command', '--agent', 'echo'],
    says: /^Rule rule-\d+ is in force \(policy [0-9a-f]+\)\.\n$/,
    answers: { agent: 'echo', match: { types: ['command'] } },
  },
  'router rules remove': {
    args: async (daemon) => {
      const id = fresh('rule');
      await good(daemon, 'router', 'rules', 'set', id, '--source', 'echo:nowhere', '--action', 'ignore');
      return [id];
    },
    says: /^Rule rule-\d+ is removed\.\n$/,
    answers: {},
  },
  'router preview': {
    args: () => ['echo:default', '--direct'],
    says: /^decision {2}accept \(routed\)\n/,
    answers: { action: 'accept', rule: 'echo' },
  },
  'router warnings': {
    args: async (daemon) => {
      const nowhere = ['--source', 'echo:nowhere', '--agent', 'nobody'];
      await good(daemon, 'router', 'rules', 'set', fresh('rule'), ...nowhere);
      return [];
    },
    says: /^RULE +CODE +TEXT\n(.*\n)*rule-\d+ +\S+ +\S/,
    answers: some({ code: expect.any(String) }),
  },

  'webhooks add': {
    args: () => [fresh('hook'), 'github', '--generate-secret'],
    says: /^webhook +hook-\d+\nprovider +github\nstatus +ready\nurl +http[^]*\nsecret +\S+\nSet it at the provider now/,
    answers: { provider: 'github', status: 'ready' },
  },
  'webhooks list': {
    args: async (daemon) => {
      await hook(daemon);
      return [];
    },
    says: /^WEBHOOK +PROVIDER +STATUS .*\n[^]*hook-\d+ +github +ready +yes +http/,
    answers: some({ provider: 'github', status: 'ready' }),
  },
  'webhooks show': {
    args: (daemon) => hook(daemon),
    says: /^webhook +hook-\d+\n/,
    answers: { provider: 'github' },
  },
  'webhooks enable': {
    args: (daemon) => hook(daemon, '--disabled'),
    says: /^hook-\d+ is ready\.\n$/,
    answers: { enabled: true },
  },
  'webhooks disable': {
    args: (daemon) => hook(daemon),
    says: /^hook-\d+ is disabled\.\n$/,
    answers: { enabled: false },
  },
  'webhooks remove': { args: (daemon) => hook(daemon), says: /^hook-\d+ is removed\.\n$/, answers: {} },
  'webhooks rotate': {
    args: (daemon) => hook(daemon),
    says: /^webhook [^]*\nsecrets .*until .*Z\)\n[^]*\nsecret +\S+\n/,
    answers: { secrets: some({ status: 'ready' }) },
  },
  'webhooks deliveries': {
    args: async (daemon) => {
      const [id = ''] = await hook(daemon);
      await good(daemon, 'webhooks', 'test', id);
      return [id];
    },
    says: /^DELIVERY +AT .*\ndlv_\S+ .*Z +accepted +verified +push /,
    answers: { items: some({ verdict: 'accepted' }) },
  },
  'webhooks replay': {
    args: async (daemon) => {
      const [id = ''] = await hook(daemon);
      const { delivery } = await asJson<{ delivery: string }>(daemon, 'webhooks', 'test', id);
      return [delivery];
    },
    says: /^It runs as evt_\S+\. Follow it: palyra trace evt_\S+\n$/,
    answers: {},
  },
  'webhooks sign': {
    args: () => ['github', '--secret-stdin'],
    stdin: 'a signing secret\n',
    says: /^X-GitHub-Delivery: \S+\n[^]*X-Hub-Signature-256: sha256=[0-9a-f]{64}\n/,
    answers: { headers: some() },
  },
  'webhooks test': {
    args: (daemon) => hook(daemon),
    says: /^The ingress answered 202 accepted \(dlv_\S+\)\.\n\nevt_\S+ {2}delivered/,
    answers: { status: 202, trace: { state: 'delivered' } },
  },

  'agents list': {
    args: () => [],
    says: /^AGENT +KIND .*\n(.*\n)*echo +echo +yes/,
    answers: some({ id: 'echo', kind: 'echo' }),
  },
  'agents set': {
    args: () => [fresh('agent'), 'http', '--url', 'http://127.0.0.1:9/'],
    says: /^Agent agent-\d+ \(http\) is on\.\n$/,
    answers: { kind: 'http', enabled: true },
  },
  'agents remove': {
    args: async (daemon) => {
      const id = fresh('agent');
      await good(daemon, 'agents', 'set', id, 'echo');
      return [id];
    },
    says: /^Agent agent-\d+ is removed\.\n$/,
    answers: {},
  },
  'agents test': {
    args: () => ['echo', '--text', 'hi'],
    says: /^outcome {2}answered\ntook +\d+ ms\nsend {2}echo: hi\n$/,
    answers: { ok: true },
  },

  'secrets set': {
    args: () => [`global/${fresh('secret')}`],
    stdin: 'a value\n',
    says: /^Stored as global\/secret-\d+\.\n$/,
    answers: {},
  },
  'secrets list': {
    args: async (daemon) => {
      await secret(daemon);
      return [];
    },
    says: /^REF +CREATED .*\n[^]*global\/secret-\d+ +\d{4}/,
    answers: some(),
  },
  'secrets delete': {
    args: secret,
    says: /^global\/secret-\d+ is gone\.\n$/,
    answers: {},
  },
  'secrets rotate-key': {
    args: () => [],
    says: /^Wrapped with master key [0-9a-f]+: \d+ secrets?\.( \S[^]*)?\n$/,
    answers: {},
  },

  'tokens create': {
    args: () => ['ci', '--scope', 'read', 'send'],
    says: /^palyra_\S{43}\n$/,
    answers: { name: 'ci', scopes: ['read', 'send'] },
  },
  'tokens list': {
    args: () => [],
    says: /^TOKEN +NAME .*\n(.*\n)*tok_\S+ +bootstrap +admin .* never/,
    answers: some({ name: 'bootstrap' }),
  },
  'tokens revoke': {
    args: async (daemon) => {
      const { id } = await asJson<{ id: string }>(daemon, 'tokens', 'create', 'gone', '--scope', 'read');
      return [id];
    },
    says: /^tok_\S+ no longer works\.\n$/,
    answers: {},
  },
};

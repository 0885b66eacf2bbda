import { expect } from 'vitest';
import { asJson, good, palyra } from './cli.ts';
import type { CommandLine } from './command-lines.ts';
import type { TestDaemon } from './daemon.ts';

let made = 0;

/** A message that the bot has sent, as the platform names it. */
async function sent(daemon: TestDaemon): Promise<readonly string[]> {
  const conversation = `room-${++made}`;
  const { parts } = await asJson<{ parts: readonly { platformIds: readonly string[] }[] }>(
    daemon,
    ...['message', 'send', 'echo:default', conversation, '--text', 'before', '--wait'],
  );
  return ['echo:default', conversation, parts[0]?.platformIds[0] ?? ''];
}

/** A connector of its own on which strangers have to be paired. */
async function pairable(daemon: TestDaemon): Promise<string> {
  const account = `pairing-${++made}`;
  await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', account);
  await good(
    daemon,
    ...['router', 'rules', 'set', account, '--source', `echo:${account}`, '--agent', 'echo'],
    ...['--direct-messages', 'pairing', '--position', '1'],
  );
  return `echo:${account}`;
}

async function code(daemon: TestDaemon, connector: string): Promise<string> {
  const made = await asJson<{ message: string }>(daemon, 'channels', 'pairing', 'code', connector);
  return made.message;
}

/** Somebody has given a good code, and waits. */
async function asked(daemon: TestDaemon): Promise<readonly string[]> {
  const connector = await pairable(daemon);
  const text = await code(daemon, connector);
  await palyra(daemon, 'channels', 'test', connector, '--text', text, '--sender', 'ada');
  const { items } = await asJson<{ items: readonly { id: string; connector: string }[] }>(
    daemon,
    ...['approvals', 'list', '--state', 'pending'],
  );
  return [items.find((item) => item.connector === connector)?.id ?? ''];
}

async function paired(daemon: TestDaemon): Promise<readonly string[]> {
  const [approval = ''] = await asked(daemon);
  const { connector } = await asJson<{ connector: string }>(daemon, 'approvals', 'approve', approval);
  return [connector, 'ada'];
}

/** The commands about who may what, and about messages that are there. */
export const accessLines: Readonly<Record<string, CommandLine>> = {
  'message read': {
    args: async (daemon) => (await sent(daemon)).slice(0, 2),
    says: /^MESSAGE +AT .*\necho-[0-9a-f]+ .*the bot +before/,
    answers: { messages: [{ text: 'before' }] },
  },
  'message search': {
    args: async (daemon) => [...(await sent(daemon)).slice(0, 2), '--query', 'BEF'],
    says: /^MESSAGE +AT .*\necho-[0-9a-f]+ .*before/,
    answers: { messages: [{ text: 'before' }] },
  },
  'message edit': {
    args: async (daemon) => [...(await sent(daemon)), '--text', 'afterwards'],
    says: /^risk +high\n[^]*before +before\nafter +afterwards\n[^]*outcome +state=delivered/,
    answers: { state: 'accepted', trace: { state: 'delivered' } },
  },
  'message delete': {
    args: sent,
    says: /^risk +high\n[^]*outcome +state=delivered/,
    answers: { state: 'accepted', trace: { state: 'delivered' } },
  },
  'message react': {
    args: async (daemon) => [...(await sent(daemon)), '--emoji', '👍'],
    says: /^risk +medium\n[^]*outcome +state=delivered/,
    answers: { state: 'accepted', trace: { state: 'delivered' } },
  },
  'channels gaps': {
    args: () => ['echo:default'],
    says: /^No gaps\.\n0 unexplained gaps\n$/,
    answers: { items: [], unexplained: 0, notReadBack: {} },
  },
  'channels pairing list': {
    args: async (daemon) => (await paired(daemon)).slice(0, 1),
    says: /^SENDER +PAIRED SINCE .*\necho:user:ada +\d{4}[^]*codes that are out: 0\n$/,
    answers: { grants: [{ sender: 'echo:user:ada' }] },
  },
  'channels pairing code': {
    args: async (daemon) => [await pairable(daemon), '--qr'],
    says: /^code +[0-9A-Z]{8}\nsend +pair [0-9A-Z]{8}\nuntil .*Z\n\n[ ▀▄█\n]+$/,
    answers: {},
  },
  'channels pairing revoke': {
    args: paired,
    says: /^ada is not paired with echo:\S+ any more\.\n$/,
    answers: { revoked: 'ada' },
  },
  'approvals list': {
    args: async (daemon) => {
      await asked(daemon);
      return ['--kind', 'pairing'];
    },
    says: /^APPROVAL +KIND .*\napr_\S+ +pairing +pairing:echo:\S+ +echo:user:ada +medium +pending/,
    answers: { items: expect.arrayContaining([expect.objectContaining({ state: 'pending' })]) as unknown },
  },
  'approvals show': {
    args: asked,
    says: /^approval +apr_\S+\n[^]*asked by +echo:user:ada at [^]*state +pending, until/,
    answers: { kind: 'pairing', state: 'pending' },
  },
  'approvals approve': {
    args: async (daemon) => [...(await asked(daemon)), '--for', '2'],
    says: /^apr_\S+ is approved\. The sender is told\.\n$/,
    answers: { state: 'approved' },
  },
  'approvals deny': { args: asked, says: /^apr_\S+ is denied\.\n$/, answers: { state: 'denied' } },
};

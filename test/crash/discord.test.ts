import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeAll } from '../support/egress.ts';
import { StreamingAgent } from '../support/streaming-agent.ts';
import { DaemonProcess } from './daemon-process.ts';
import { account, configureDiscord, DiscordOutside, until } from './discord-outside.ts';

/** Sessions wait before they begin anew: some seconds, more than once in a test. */
vi.setConfig({ testTimeout: 180_000 });

const script = fileURLToPath(new URL('./daemon.ts', import.meta.url));

/** What is written, sent or acknowledged between something that is said and its answer. */
const steps = [
  'before inbox.accept',
  'after inbox.accept',
  'before inbox.complete',
  'after inbox.complete',
  'before outbox.lease',
  'after outbox.lease',
  'before discord.create',
  'after discord.create',
  'before outbox.settle',
  'after outbox.settle',
  'before discord.callback',
  'after discord.callback',
  'before discord.answer',
  'after discord.answer',
] as const;

/** What happens while a gap is opened, read back and closed. */
const gapSteps = [
  'before platforms.putGap:1',
  'after platforms.putGap:1',
  'before platforms.putGap:2',
  'after platforms.putGap:2',
  'before discord.read:1',
  'after discord.read:2',
  'before inbox.accept:1',
  'after inbox.accept:1',
  'before inbox.accept:3',
  'after inbox.accept:3',
] as const;

describe('a daemon on Discord that is killed at every step', () => {
  const daemon = new DaemonProcess([script]);
  let outside: DiscordOutside;
  let died = 0;

  beforeAll(async () => {
    outside = await DiscordOutside.open();
    await daemon.start();
    await configureDiscord(daemon, outside.fake);
    await daemon.kill();
  });

  afterAll(async () => {
    await daemon.remove();
    await outside.close();
  });

  it.each(steps)('dies %s, and comes back', async (step) => {
    const up = await daemon.start(`${step}:2`);
    outside.sayAll();
    if (up) outside.commandAll();
    await daemon.ended;

    expect(daemon.isRunning).toBe(false);
    died++;
  });

  it('has answered everything of that once it is left alone', async () => {
    await daemon.start();

    await account(daemon, outside);

    await daemon.kill();
  });

  it.each(gapSteps)('dies %s while it reads back what it missed, and comes back', async (step) => {
    outside.fake.gateway.endSessions();
    outside.sayAll();

    await daemon.start(step);
    await daemon.ended;

    expect(daemon.isRunning).toBe(false);
    died++;
  });

  it('has heard everything once and in order, and answered it once and in order', async () => {
    await daemon.start();
    outside.sayAll();

    await account(daemon, outside);

    expect(died).toBe(steps.length + gapSteps.length);
    expect(outside.said.length).toBeGreaterThan(60);
  });
});

describe('a daemon that is killed while it shows an answer that is being written', () => {
  const daemon = new DaemonProcess([script]);
  let outside: DiscordOutside;

  beforeAll(async () => {
    outside = await DiscordOutside.open();
    await daemon.start();
    await configureDiscord(daemon, outside.fake);
  });

  afterAll(async () => {
    await daemon.remove();
    await outside.close();
    await closeAll();
  });

  it('finishes it in place when it is back: no orphan, and no second copy', async () => {
    const agent = await StreamingAgent.open();
    await daemon.api('PUT /agents/{id}', {
      params: { id: 'echo' },
      body: { kind: 'http', config: { url: agent.url } },
    });
    const [{ channel }] = outside.places as readonly [DiscordOutside['places'][number]];
    const { fake } = outside;
    const first = agent.stream();
    outside.say();
    const begun = await first;
    begun.draft('Once upon');
    await fake.until(() => outside.answersIn(channel).includes('Once upon'));
    await daemon.kill();

    const next = agent.stream();
    await daemon.start();
    const second = await next;
    second.draft('Once more');
    second.send('Once more: the end.');
    second.end();
    await fake.until(() => outside.answersIn(channel).includes('Once more: the end.'));
    await until(async () => {
      const { inbox, outbox } = await daemon.api('GET /status');
      return inbox.pending + outbox.pending === 0;
    });

    expect(outside.answersIn(channel)).toEqual(['Once more: the end.']);
  });
});

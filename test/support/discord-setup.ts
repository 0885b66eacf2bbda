import { FakeDiscord, type FakeDiscordOptions } from '../fakes/discord/fake-discord.ts';
import type { Shell } from './cli.ts';
import { databaseBytes, openDaemon, type TestDaemon, type TestDaemonOptions } from './daemon.ts';
import { closeLater } from './egress.ts';

export interface SetupWorld {
  readonly fake: FakeDiscord;
  readonly daemon: TestDaemon;
  /** Where the fake is, as flags. */
  readonly there: readonly string[];
  /** With the token of the bot in a variable, and no terminal. */
  readonly shell: Shell;
}

/** A token that no other text contains. */
const token = 'MTk4.planted-bot-token.never-shown';

/** A daemon that knows of no Discord account, and a fake to which it may be let. */
export async function openSetupWorld(
  options: FakeDiscordOptions = {},
  daemonOptions: TestDaemonOptions = {},
): Promise<SetupWorld> {
  const fake = await new FakeDiscord({
    gateway: { identifyIntervalMs: 0 },
    rateLimits: { scale: 50, globalPerSecond: 5_000 },
    ...options,
    bot: { token, ...options.bot },
  }).start();
  closeLater(() => fake.close());
  const daemon = await openDaemon(daemonOptions);
  const there = ['--api-base-url', fake.apiBaseUrl, '--allow-private-network', 'yes'];
  return { fake, daemon, there, shell: { stateDir: daemon.stateDir, env: { BOT: token } } };
}

/** All that a setup may touch. */
export async function everything({ daemon }: SetupWorld): Promise<unknown> {
  const { api } = daemon;
  const { channels } = await api('GET /channels');
  return {
    channels: channels.map(({ id, config, enabled, secretRef }) => ({ id, config, enabled, secretRef })),
    rules: await api('GET /router/rules'),
    secrets: (await api('GET /secrets')).secrets.map(({ ref }) => ref),
  };
}

/** Where a token could be found: logs, the database, the journal and the audit, the status. */
export async function wherever({ daemon }: SetupWorld): Promise<string> {
  const { api } = daemon;
  const answers = [
    await api('GET /channels'),
    await api('GET /events', { query: { limit: 500 } }),
    await api('GET /audit', { query: { limit: 500 } }),
    await api('GET /router/rules'),
    await api('GET /secrets'),
  ];
  return [...daemon.logged, JSON.stringify(answers), databaseBytes(daemon.stateDir).toString('latin1')].join(
    '\n',
  );
}

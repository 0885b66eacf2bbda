import type { Guild } from '../fakes/discord/entities.ts';
import { FakeDiscord } from '../fakes/discord/fake-discord.ts';
import { good } from './cli.ts';
import type { CommandLine } from './command-lines.ts';
import type { TestDaemon } from './daemon.ts';
import { closeLater } from './egress.ts';

interface Place {
  readonly fake: FakeDiscord;
  readonly guild: Guild;
  readonly channel: string;
  readonly flags: readonly string[];
}

let place: Promise<Place> | undefined;

/** One for all commands; it ends when the suite does. */
function discord(): Promise<Place> {
  place ??= openDiscord();
  return place;
}

async function openDiscord(): Promise<Place> {
  const fake = await new FakeDiscord({ gateway: { identifyIntervalMs: 0 } }).start();
  closeLater(() => fake.close());
  const guild = fake.addGuild();
  const channel = fake.addChannel(guild).id;
  const flags = ['--api-base-url', fake.apiBaseUrl, '--allow-private-network', 'yes', '--agent', 'echo'];
  return { fake, guild, channel, flags };
}

let accounts = 0;

/** The flags that name a new account, and say where it is. */
async function unset(): Promise<readonly string[]> {
  const { flags } = await discord();
  return ['--account', `made-${++accounts}`, ...flags];
}

/** Each account is that of a bot of its own. */
async function isSetUp(daemon: TestDaemon): Promise<readonly string[]> {
  const { fake, guild } = await discord();
  const flags = await unset();
  const bot = fake.addBot();
  fake.inviteBot(guild, bot);
  const shell = { stateDir: daemon.stateDir, env: { BOT: bot.token } };
  await good(shell, 'channels', 'discord', 'setup', ...flags, '--token-env', 'BOT');
  return flags.slice(0, 2);
}

/** How the commands of a platform are tried that is set up with a form. */
export const setupLines: Readonly<Record<string, CommandLine>> = {
  'channels discord setup': {
    args: async (daemon) => isSetUp(daemon),
    says: /^discord:made-\d+ is set up anew, and its session is live\.\nThe credential is in the vault as channel:discord:made-\d+\/token; the rules are discord\.made-\d+\.dm\.\n$/,
    answers: { report: { ok: true }, applied: { replaced: true } },
  },
  'channels discord status': {
    args: isSetUp,
    says: /^connector +discord:made-\d+\nstate +running [^]*\nscope +dm_only\ndirect-messages +pairing\n/,
    answers: { kind: 'discord', setup: { scope: 'dm_only', agent: 'echo' } },
  },
  'channels discord health-refresh': {
    args: async (daemon) => [...(await isSetUp(daemon)), '--verify-channel', (await discord()).channel],
    says: /^· The token is that of [^]*\n· In #channel-1 the bot may do all that it is set up for\.\n$/,
    answers: { ok: true, facts: { channels: [{ status: 'ok' }] } },
  },
  'channels discord verify': {
    args: async (daemon) => [...(await isSetUp(daemon)), '--to', (await discord()).channel, '--text', 'hi'],
    says: /^msg_\S+ {2}delivered \(delivered\) [^]* attempt .*outcome=delivered/,
    answers: { trace: { state: 'delivered' } },
  },
};

import { AppError } from '../../../domain/errors.ts';
import type { ConnectorId } from '../../../domain/ids.ts';
import { deadline } from '../../../lib/clock.ts';
import type { Secret } from '../../../lib/secret.ts';
import { checkSocketUrl } from '../../../lib/socket.ts';
import type { ProbeHost, ProbeNotice, ProbeReport } from '../../onboarding.ts';
import { readApplication, readGatewayBot, readUser } from '../api-read.ts';
import type { ApiApplication, ApiGatewayBot, ApiUser, Snowflake } from '../api-types.ts';
import { apiEgress, type DiscordConfig, gatewayEgress } from '../config.ts';
import { discordAccount } from '../identity.ts';
import { startsReserved } from '../gateway/identify-gate.ts';
import { inviteUrl, permissionsFor } from '../invite-url.ts';
import { createRest } from '../rest/rest.ts';
import { userAgent } from '../session/user-agent.ts';
import { type Ask, createAsk } from './ask.ts';
import { type ChannelChecker, createChannelChecker } from './channel-check.ts';
import { checkPlaces, type WantedPlaces } from './place-notices.ts';
import { intentNotices, privilegedIntentsOf } from './privileged-intents.ts';
import { permissionFeaturesOf } from './request.ts';

export interface ProbeRequest {
  readonly connector: ConnectorId;
  readonly config: DiscordConfig;
  readonly places: WantedPlaces;
}

/** The longest that a look may take, in ms. Whoever waits for it waits longer. */
export const probeMsMax = 30_000;

/** Over what is never used: below this, somebody should look. */
const sessionStartsFew = 50;

/**
 * Looks at Discord with a bot token and changes nothing: who the bot is, which intents its application has,
 * with which link it is invited, how many sessions it may start, and what it may do in the wanted places.
 * @throws AppError `unauthenticated` when the token is not accepted; `rate_limited`, `unavailable`, `timeout`;
 *   `invalid_request` when the API may not be reached as it is configured.
 */
export async function probeDiscordBotIdentity(
  token: Secret,
  { connector, config, places }: ProbeRequest,
  host: ProbeHost,
): Promise<ProbeReport> {
  const { fetch, clock } = host;
  const timeout = deadline(
    clock,
    probeMsMax,
    () => new AppError('timeout', `Discord took longer than ${probeMsMax / 1_000} s to say who the bot is.`),
  );
  const rest = createRest({
    fetch,
    apiBaseUrl: config.apiBaseUrl,
    policy: apiEgress(config),
    token: () => Promise.resolve(token),
    clock,
    userAgent,
  });
  try {
    const ask = createAsk(rest, clock, timeout.signal);
    const account = await askAccount(ask);
    const gateway = await askGateway(ask);
    const checker = createChannelChecker(ask, account.user.id, permissionFeaturesOf(config), clock);
    const owner = host.ownerBeside(connector, discordAccount(account.user.id, config));
    return await report(connector, config, { ...account, owner }, gateway, checker, places);
  } finally {
    timeout.clear();
  }
}

interface Account {
  readonly user: ApiUser;
  readonly application: ApiApplication;
}

async function askAccount(ask: Ask): Promise<Account> {
  const user = readUser(await demand(ask, '/users/@me'));
  const application = readApplication(await demand(ask, '/applications/@me'));
  if (user && application) return { user, application };
  throw new AppError('unavailable', 'The API did not say who the bot is. Check apiBaseUrl.');
}

async function askGateway(ask: Ask): Promise<ApiGatewayBot> {
  const gateway = readGatewayBot(await demand(ask, '/gateway/bot'));
  if (gateway) return gateway;
  throw new AppError('unavailable', 'The API did not say where its gateway is. Check apiBaseUrl.');
}

/** The body of what nothing goes on without. */
async function demand(ask: Ask, route: string): Promise<unknown> {
  const told = await ask(route);
  if (told.kind === 'told') return told.body;
  throw new AppError('unavailable', `${told.detail} Check apiBaseUrl, if it is not Discord’s own.`);
}

async function report(
  connector: ConnectorId,
  config: DiscordConfig,
  { user, application, owner }: Account & { readonly owner: ConnectorId | undefined },
  gateway: ApiGatewayBot,
  checker: ChannelChecker,
  places: WantedPlaces,
): Promise<ProbeReport> {
  const intents = privilegedIntentsOf(application);
  const features = permissionFeaturesOf(config);
  const invite = inviteUrl(application.id, features, new URL(config.apiBaseUrl).origin);
  const { channels, notices: placeNotices } = await checkPlaces(places, checker);
  const notices = [
    identityNotice(user, application),
    ...ownerNotices(owner),
    ...intentNotices(intents, config),
    ...gatewayNotices(gateway, config),
    ...egressNotices(config),
    {
      level: 'info',
      code: 'invite',
      text: `Invite the bot to a server with this link, which asks for what it needs and no more: ${invite}`,
    },
    ...placeNotices,
  ] as const satisfies readonly ProbeNotice[];
  return {
    connector,
    ok: notices.every(({ level }) => level !== 'error'),
    notices,
    facts: {
      bot: named(user.id, user.username),
      application: named(application.id, application.name),
      intents,
      invite: { url: invite, permissions: permissionsFor(features) },
      gateway: { shards: gateway.shards, sessionStarts: startsOf(gateway) },
      egress: {
        api: apiEgress(config).hosts,
        gateway: gatewayEgress(config).hosts,
        privateNetwork: config.allowPrivateNetwork,
      },
      channels,
    },
  };
}

function identityNotice(user: ApiUser, application: ApiApplication): ProbeNotice {
  const bot = `${user.username ?? 'a bot'} (${user.id})`;
  const text = `The token is that of ${bot}, application ${application.name ?? application.id}.`;
  if (user.bot !== false) return { level: 'info', code: 'identity', text };
  return {
    level: 'error',
    code: 'no_bot',
    text: 'The token is that of a person, and not of a bot.',
    hint: 'Make an application in the developer portal, and copy the token under Bot.',
    question: 'token',
  };
}

/** Both would answer every message. */
function ownerNotices(owner: ConnectorId | undefined): readonly ProbeNotice[] {
  if (owner === undefined) return [];
  return [
    {
      level: 'error',
      code: 'account_taken',
      text: `${owner} is connected as this bot already: both would answer every message.`,
      hint: `Set up ${owner} instead, remove it (palyra channels remove ${owner}), or give the token of another bot.`,
      question: 'token',
    },
  ];
}

function startsOf({ session_start_limit: limit }: ApiGatewayBot) {
  const { total, remaining, reset_after: resetAfterMs, max_concurrency: maxConcurrency } = limit;
  return { total, remaining, resetAfterMs, maxConcurrency };
}

function gatewayNotices(gateway: ApiGatewayBot, config: DiscordConfig): readonly ProbeNotice[] {
  return [...budgetNotices(gateway), ...gatewayHostNotices(gateway, config)];
}

/** https://docs.discord.com/developers/events/gateway#session-start-limit-object: spending it all resets the token. */
function budgetNotices(gateway: ApiGatewayBot): readonly ProbeNotice[] {
  const { total, remaining, resetAfterMs } = startsOf(gateway);
  const text = `The bot may start ${remaining} of ${total} sessions until ${Math.ceil(resetAfterMs / 60_000)} min from now.`;
  const hint = 'Something starts sessions over and over: stop other programs that use this token.';
  if (remaining < gateway.shards + startsReserved)
    return [
      {
        level: 'error',
        code: 'session_budget_spent',
        text,
        hint: `${hint} Then wait until the limit is reset.`,
      },
    ];
  if (remaining < gateway.shards + sessionStartsFew)
    return [{ level: 'warning', code: 'session_budget_low', text, hint }];
  return [];
}

/** The session would not connect there, since only an answer of the API names it. */
function gatewayHostNotices({ url }: ApiGatewayBot, config: DiscordConfig): readonly ProbeNotice[] {
  try {
    checkSocketUrl(url, gatewayEgress(config));
    return [];
  } catch (error) {
    return [
      {
        level: 'error',
        code: 'gateway_refused',
        text: `The gateway that the API names is not one to connect to. ${AppError.from(error).message}`,
        hint: 'For a server of your own, name the host of its gateway in gatewayHosts.',
        question: 'gatewayHosts',
      },
    ];
  }
}

function egressNotices({ allowPrivateNetwork }: DiscordConfig): readonly ProbeNotice[] {
  if (!allowPrivateNetwork) return [];
  return [
    {
      level: 'warning',
      code: 'private_network',
      text: 'The connector may reach private and loopback addresses, and use http.',
      hint: 'Only for a server of your own.',
    },
  ];
}

function named(id: Snowflake, name: string | undefined): { readonly id: Snowflake; readonly name?: string } {
  return { id, ...(name === undefined ? {} : { name }) };
}

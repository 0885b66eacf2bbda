import { limitedFlags } from './application-flags.ts';
import { refuse } from './api-error.ts';
import type { Bot } from './entities.ts';
import { renewIdentifies } from './gateway-identify.ts';
import { botRoute, ok, openRoute, type Route } from './rest-call.ts';
import { settleDm } from './settle-world.ts';
import { bareGuildWire, channelWire, userWire } from './wire.ts';
import type { World } from './world.ts';

/** Users, applications, and where the gateway is. */
export function accountRoutes(world: World): readonly Route[] {
  return [
    openRoute('GET', '/gateway', undefined, () => ok({ url: world.urls.gateway })),
    botRoute('GET', '/gateway/bot', 'gateway', ({ bot }) => ok(gatewayOf(world, bot))),
    botRoute('GET', '/users/@me', 'account', ({ bot }) =>
      ok({
        ...userWire(bot.user),
        verified: true,
        mfa_enabled: false,
        email: null,
        flags: 0,
        locale: 'en-US',
      }),
    ),
    botRoute('GET', '/users/{user}', 'account', ({ params }) =>
      ok(userWire(world.users.get(params.user ?? '') ?? refuse('unknownUser'))),
    ),
    botRoute('GET', '/users/@me/guilds', 'account', ({ bot }) =>
      ok(
        [...world.guilds.values()]
          .filter(({ members }) => members.has(bot.user.id))
          .map((guild) => {
            const { id, name, icon, banner, features } = bareGuildWire(guild);
            return {
              id,
              name,
              icon,
              banner,
              features,
              owner: guild.ownerId === bot.user.id,
              permissions: '0',
            };
          }),
      ),
    ),
    botRoute('POST', '/users/@me/channels', 'open-dm', ({ bot, body }) => {
      const user = world.users.get(String(body.recipient_id));
      if (!user || user === bot.user) return refuse('invalidRecipient');
      return ok(channelWire(settleDm(world, bot, user)));
    }),
    botRoute('GET', '/applications/@me', 'account', ({ bot }) => ok(applicationWire(bot, world))),
    botRoute('GET', '/oauth2/applications/@me', 'account', ({ bot }) => ok(applicationWire(bot, world))),
    botRoute('PATCH', '/applications/@me', 'account', ({ bot, body }) => {
      if (typeof body.flags === 'number')
        bot.flags = (bot.flags & ~limitedFlags) | (body.flags & limitedFlags);
      return ok(applicationWire(bot, world));
    }),
  ];
}

function gatewayOf(world: World, { shards, identifies, maxConcurrency }: Bot): unknown {
  renewIdentifies(identifies, world.now());
  return {
    url: world.urls.gateway,
    shards,
    session_start_limit: {
      total: identifies.total,
      remaining: identifies.remaining,
      reset_after: Math.max(0, identifies.resetAt - world.now()),
      max_concurrency: maxConcurrency,
    },
  };
}

function applicationWire(bot: Bot, world: World): unknown {
  const guilds = [...world.guilds.values()].filter(({ members }) => members.has(bot.user.id));
  return {
    id: bot.applicationId,
    name: bot.user.username,
    icon: null,
    description: '',
    bot_public: true,
    bot_require_code_grant: false,
    bot: userWire(bot.user),
    owner: null,
    team: null,
    verify_key: '0'.repeat(64),
    flags: bot.flags,
    approximate_guild_count: guilds.length,
    interactions_endpoint_url: null,
  };
}

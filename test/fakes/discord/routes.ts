import type { Interactions } from './interactions.ts';
import type { Nonces } from './nonces.ts';
import { accountRoutes } from './rest-accounts.ts';
import type { Route } from './rest-call.ts';
import { commandRoutes } from './rest-commands.ts';
import { guildRoutes } from './rest-guilds.ts';
import { interactionRoutes } from './rest-interactions.ts';
import { messageRoutes } from './rest-messages.ts';
import { reactionRoutes } from './rest-reactions.ts';
import { threadRoutes } from './rest-threads.ts';
import type { World } from './world.ts';

/** All that the API has. */
export function allRoutes(world: World, nonces: Nonces, interactions: Interactions): readonly Route[] {
  return [
    ...accountRoutes(world),
    ...guildRoutes(world),
    ...messageRoutes(world, nonces),
    ...reactionRoutes(world),
    ...threadRoutes(world),
    ...commandRoutes(world),
    ...interactionRoutes(world, interactions),
  ];
}

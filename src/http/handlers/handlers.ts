import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { NextId } from '../../domain/ids.ts';
import type { Api, HandlersOf } from '../contract/contract.ts';
import { accessHandlers } from './access.ts';
import { channelHandlers } from './channels.ts';
import { messageHandlers } from './messages.ts';
import { operationHandlers } from './operations.ts';
import { platformHandlers } from './platforms.ts';
import { routerHandlers } from './router.ts';
import { settingsHandlers } from './settings.ts';
import { systemHandlers } from './system.ts';
import { webhookHandlers } from './webhooks.ts';

/** What each operation of the contract does: nothing but a call of the platform. */
export function createHandlers(platform: ChannelPlatform, nextId: NextId): HandlersOf<Api> {
  return {
    ...systemHandlers(platform),
    ...channelHandlers(platform),
    ...messageHandlers(platform, nextId),
    ...operationHandlers(platform),
    ...accessHandlers(platform),
    ...platformHandlers(platform),
    ...routerHandlers(platform),
    ...webhookHandlers(platform),
    ...settingsHandlers(platform),
  };
}
